/**
 * PVE's property strings, for example `local:iso/x.iso,media=cdrom,size=4M`. Order, unknown keys and repeated keys are
 * kept: writing back what was read gives the same text.
 */
export interface Property {
  /** Null for a bare value: PVE knows which key it stands for. */
  readonly key: string | null;
  readonly value: string;
}
export type PropertyString = readonly Property[];

export function parseProperties(text: string): PropertyString {
  if (text === "") return [];
  return text.split(",").map((part) => {
    const at = part.indexOf("=");
    return at < 0 ? { key: null, value: part } : { key: part.slice(0, at), value: part.slice(at + 1) };
  });
}

export function formatProperties(properties: PropertyString): string {
  return properties.map(({ key, value }) => (key === null ? value : `${key}=${value}`)).join(",");
}

/** The first value under the key, or null. */
export function propertyOf(properties: PropertyString, key: string): string | null {
  return properties.find((property) => property.key === key)?.value ?? null;
}

/** The first bare value: a drive's volume. */
export function bareValueOf(properties: PropertyString): string | null {
  return properties.find((property) => property.key === null)?.value ?? null;
}

/** Changed where it stands, else put at the end. */
export function withProperty(properties: PropertyString, key: string, value: string): PropertyString {
  const at = properties.findIndex((property) => property.key === key);
  return at < 0 ? [...properties, { key, value }] : properties.with(at, { key, value });
}
