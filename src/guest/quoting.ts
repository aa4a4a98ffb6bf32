/** One line of YAML for any plain value: JSON, with those characters escaped that older YAML readers refuse or fold. */
export function yamlQuoted(value: unknown): string {
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError("yaml() was given nothing to quote");
  return json.replaceAll(/[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g, escaped);
}

/** One word for a shell, whatever it contains. */
export function shellQuoted(value: unknown): string {
  const word = String(value);
  // Such a word would break out of the block of YAML that the script stands in.
  if (/[\n\r\0]/.test(word)) throw new TypeError("shell() cannot quote text of several lines");
  return `'${word.replaceAll("'", "'\\''")}'`;
}

const escaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
