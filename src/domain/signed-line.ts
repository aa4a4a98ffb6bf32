import type { Vmid } from "./ids.ts";

/** A keyed signature, so that a description copied to another guest proves nothing. */
export interface Signer {
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
}

export type Fields = Readonly<Record<string, unknown>>;

export type ReadLine =
  | { readonly kind: "none" }
  | { readonly kind: "forged"; readonly instance: string }
  | { readonly kind: "signed"; readonly fields: Fields };

/** One line of JSON in a guest's description, signed over all of it and the VMID that it stands at. */
export const signedLine = (fields: Fields, vmid: Vmid, signer: Signer): string =>
  JSON.stringify({ ...fields, sig: signer.sign(signedText(fields, vmid)) });

export function readSignedLine(description: string, vmid: Vmid, signer: Signer): ReadLine {
  const line = description.split("\n").find(looksSigned);
  if (line === undefined) return { kind: "none" };
  const read = parse(line);
  if (read === null) return { kind: "none" };
  const { sig, ...fields } = read;
  const valid = typeof sig === "string" && signer.verify(signedText(fields, vmid), sig);
  return valid ? { kind: "signed", fields } : { kind: "forged", instance: String(fields.dispatcher) };
}

/** The same description with another line of ours; null where it has none. Lines that people added stay. */
export function withSignedLine(description: string, line: string): string | null {
  const lines = description.split("\n");
  const at = lines.findIndex(looksSigned);
  return at < 0 ? null : lines.with(at, line).join("\n");
}

const looksSigned = (line: string): boolean => line.trimStart().startsWith('{"dispatcher":');

/** The VMID is signed but not written: it is where the description stands. */
const signedText = (fields: Fields, vmid: Vmid): string => `${JSON.stringify(fields)} ${vmid}`;

function parse(line: string): Fields | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}
