/** What a schema says of one parameter, or of one key of a parameter that holds several. */
export interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly optional?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string | Readonly<Record<string, Property>>;
  readonly typetext?: string;
  /** Another parameter without which it means nothing. */
  readonly requires?: string;
  /** Of a key: it may be left out before its value. */
  readonly default_key?: number;
  /** Of a key: it is another name of that one. */
  readonly alias?: string;
}

/** Why a value is not what the schema wants; null when it is. */
export function judge(value: string, property: Property): string | null {
  const { type, enum: words, minimum, maximum, minLength, maxLength, pattern, format, typetext } = property;
  if (type === "boolean" && !/^[01]$/.test(value)) return "not 0 or 1";
  if (type === "integer" && !/^-?\d+$/.test(value)) return "not an integer";
  if (type === "number" && !/^-?\d+(\.\d+)?$/.test(value)) return "not a number";
  if (words !== undefined && !words.includes(value)) return `not one of ${words.join(", ")}`;
  if (minimum !== undefined && Number(value) < minimum) return `below ${minimum}`;
  if (maximum !== undefined && Number(value) > maximum) return `above ${maximum}`;
  if (minLength !== undefined && [...value].length < minLength) return `shorter than ${minLength}`;
  if (maxLength !== undefined && [...value].length > maxLength) return `longer than ${maxLength}`;
  // Perl's own notation is not always JavaScript's.
  if (pattern !== undefined && !/\(\?[\^<]|\\[AzZ]/.test(pattern) && !new RegExp(`^(?:${pattern})$`).test(value)) {
    return `does not match ${pattern}`;
  }
  if (typeof format === "object") return judgeKeys(value, format);
  if (format === undefined) return null;
  const one = format.replace(/-list$/, "");
  const form = forms[one];
  if (form !== undefined) {
    const parts = one === format ? [value] : value.split(/[,; ]/);
    return parts.every((part) => form.test(part)) ? null : `not of the format ${format}`;
  }
  return judgeKeys(value, keysIn(typetext ?? ""));
}

/** `key=value,…`, the value of the key that needs no name first. */
function judgeKeys(value: string, keys: Readonly<Record<string, Property>>): string | null {
  const unnamed = Object.keys(keys).find((key) => keys[key]?.default_key === 1);
  if (Object.keys(keys).length === 0) return null;
  for (const [at, part] of value.split(",").entries()) {
    const [, key = at === 0 ? unnamed : undefined, text = part] = /^([\w-]+)=(.*)$/s.exec(part) ?? [];
    const property = keys[key ?? ""];
    if (property === undefined) return `${part} has none of its keys`;
    const why = judge(text, keys[property.alias ?? ""] ?? property);
    if (why !== null) return `${part}: ${why}`;
  }
  return null;
}

/** Where the schema only spells the keys: `[user=<volume>] [,vendor=<volume>]`, or `[[legacy=]<…>]` with an unnamed one. */
const keysIn = (typetext: string): Readonly<Record<string, Property>> =>
  Object.fromEntries(
    Array.from(typetext.matchAll(/(\[?)([\w-]+)=(\]?)/g), ([, , key = "", unnamed]) => [
      key,
      unnamed === "]" ? { default_key: 1 } : {},
    ]),
  );

const id = /^[a-zA-Z][a-zA-Z0-9_-]+$/;
const user = /^[^\s:/@]+@[A-Za-z][\w.-]+$/;

const forms: Readonly<Record<string, RegExp>> = {
  "pve-vmid": /^[1-9]\d{2,8}$/,
  "pve-node": /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/,
  "pve-storage-id": /^[a-zA-Z][a-zA-Z0-9._-]*[a-zA-Z0-9]$/,
  "pve-storage-path": /^\/[\w./-]*$/,
  "pve-storage-content": /^(images|rootdir|vztmpl|iso|backup|snippets|import|none)$/,
  "pve-poolid": /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,2}$/,
  "pve-configid": id,
  "pve-roleid": /^[A-Za-z0-9._-]+$/,
  "pve-priv": /^[A-Z][A-Za-z]+(\.[A-Za-z]+)+$/,
  "pve-userid": user,
  "pve-tokenid": /^[^\s:/@]+@[A-Za-z][\w.-]+![A-Za-z][\w.-]+$/,
  "pve-tag": /^[a-zA-Z0-9_][a-zA-Z0-9_\-+.]*$/,
  "pve-volume-id": /^[a-zA-Z][a-zA-Z0-9._-]*[a-zA-Z0-9]:.+$/,
  "pve-bridge-id": /^[a-zA-Z][\w.-]*$/,
  "mac-addr": /^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/,
  "disk-size": /^\d+(\.\d+)?[KMGT]?$/,
  "dns-name": /^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/,
};
