import type { Format, Parameter } from "./parameters.ts";

const dnsName: Format = (text) =>
  text.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(text)
    ? null
    : "value does not look like a valid DNS name";

const vmid: Format = (text) => (/^[1-9]\d{2,8}$/.test(text) ? null : "value does not look like a valid VM ID");

const tagList: Format = (text) =>
  tagsIn(text).every((tag) => /^[a-z0-9_][a-z0-9_\-+.]*$/.test(tag)) ? null : "invalid characters in tag";

const memory: Format = (text) => {
  const amount = /^(?:current=)?(.*)$/.exec(text)?.[1] ?? "";
  return /^\d+$/.test(amount) ? null : `format error\nmemory.current: type check ('integer') failed - got '${amount}'`;
};

const urlEncoded: Format = (text) =>
  /^[-%a-zA-Z0-9_.!~*'()]*$/.test(text) ? null : `invalid urlencoded string: ${text}`;

/** Each tag once, in lower case and in order, as PVE keeps them. */
export const tagsIn = (text: string): readonly string[] => [
  ...new Set(
    text
      .toLowerCase()
      .split(/[;,\s]+/)
      .filter((tag) => tag !== "")
      .sort(),
  ),
];

export const aVmid = { type: "integer", format: vmid } as const satisfies Parameter;
export const aDnsName = { type: "string", format: dnsName } as const satisfies Parameter;
export const aTagList = { type: "string", format: tagList, list: true } as const satisfies Parameter;
export const aMemory = { type: "string", format: memory } as const satisfies Parameter;
export const urlEncodedText = { type: "string", format: urlEncoded } as const satisfies Parameter;
/** What snapshots are called. */
export const configId = {
  type: "string",
  format: (text: string) => (/^[a-z][a-z0-9_-]+$/i.test(text) ? null : `invalid configuration ID '${text}'`),
} as const satisfies Parameter;
export const poolId = {
  type: "string",
  format: (text: string) =>
    /^[A-Za-z0-9.\-_]+(\/[A-Za-z0-9.\-_]+){0,2}$/.test(text) ? null : `pool name '${text}' contains invalid characters`,
} as const satisfies Parameter;
export const storageId = {
  type: "string",
  format: (text: string) =>
    /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i.test(text) ? null : `storage ID '${text}' contains illegal characters`,
} as const satisfies Parameter;
export const nodeName = {
  type: "string",
  format: (text: string) =>
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(text) ? null : "value does not look like a valid node name",
} as const satisfies Parameter;
export const aText = { type: "string" } as const satisfies Parameter;
export const aNumber = { type: "integer" } as const satisfies Parameter;
export const aFlag = { type: "boolean" } as const satisfies Parameter;
export const aCount = { type: "integer", minimum: 0 } as const satisfies Parameter;
export const aDigest = { type: "string", maxLength: 40 } as const satisfies Parameter;

export const oneOf = (...values: readonly string[]): Parameter => ({ type: "enum", values });
export const maybe = (parameter: Parameter): Parameter => ({ ...parameter, optional: true });
