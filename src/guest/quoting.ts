/** One line of YAML for any plain value: JSON, with those characters escaped that older YAML readers refuse or fold. */
export function yamlQuoted(value: unknown): string {
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError("yaml() was given nothing to quote");
  return json.replaceAll(/[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g, escaped);
}

/** A block of YAML for a text of several lines, which stands so many columns in. */
export function yamlBlock(text: string, columns: number): string {
  // Tabs and control characters would change in a block, and trailing empty lines too.
  if (/[^\n\x20-\x7e]/.test(text) || !/[^\n]\n$/.test(text)) throw new TypeError("block() takes lines of plain ASCII");
  return `|\n${text.slice(0, -1).replaceAll(/^(?=.)/gm, " ".repeat(columns))}`;
}

/** One word for a shell, whatever it contains. */
export function shellQuoted(value: unknown): string {
  const word = String(value);
  // Such a word would break out of the block of YAML that the script stands in.
  if (/[\n\r\0]/.test(word)) throw new TypeError("shell() cannot quote text of several lines");
  return `'${word.replaceAll("'", "'\\''")}'`;
}

const escaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
