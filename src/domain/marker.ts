import { asInstanceName, asPoolName, type InstanceName, type PoolName, type Vmid } from "./ids.ts";
import type { Instant } from "./time.ts";

/** Written before the step that it names, so that a restart knows how far a guest may have come. */
export const phases = ["cloning", "cloned", "started", "armed"] as const;
export type Phase = (typeof phases)[number];

export const guestKinds = ["runner", "lease"] as const;
export type GuestKind = (typeof guestKinds)[number];

/** What a guest says of itself, in its description: this is the database. */
export interface Marker {
  readonly instance: InstanceName;
  readonly kind: GuestKind;
  readonly pool: PoolName;
  readonly nonce: string;
  readonly created: Instant;
  readonly phase: Phase;
}

/** A keyed signature, so that a description copied to another guest proves nothing. */
export interface Signer {
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
}

export type ReadMarker =
  | { readonly kind: "none" }
  | { readonly kind: "forged"; readonly instance: string }
  | { readonly kind: "valid"; readonly marker: Marker };

/** The description of a guest of ours: a sentence for people, and the marker's line. */
export function describe(marker: Marker, vmid: Vmid, signer: Signer): string {
  return `Throw-away guest of dispatcher ${marker.instance}: it is removed when its work is over.\n${lineOf(marker, vmid, signer)}`;
}

/** The same description with another marker; lines that people added stay. */
export function withMarker(description: string, marker: Marker, vmid: Vmid, signer: Signer): string {
  const lines = description.split("\n");
  const at = lines.findIndex(looksLikeMarker);
  if (at < 0) return describe(marker, vmid, signer);
  return lines.with(at, lineOf(marker, vmid, signer)).join("\n");
}

export function readMarker(description: string, vmid: Vmid, signer: Signer): ReadMarker {
  const line = description.split("\n").find(looksLikeMarker);
  if (line === undefined) return { kind: "none" };
  const fields = parse(line);
  if (fields === null) return { kind: "none" };
  const { sig, ...rest } = fields;
  const marker = markerOf(rest);
  if (marker === null || typeof sig !== "string" || !signer.verify(signedText(rest, vmid), sig)) {
    return { kind: "forged", instance: String(rest.dispatcher) };
  }
  return { kind: "valid", marker };
}

const looksLikeMarker = (line: string): boolean => line.trimStart().startsWith('{"dispatcher":');

/** The VMID is signed but not written: it is where the description stands. */
const signedText = (fields: Readonly<Record<string, unknown>>, vmid: Vmid): string =>
  `${JSON.stringify(fields)} ${vmid}`;

function lineOf(marker: Marker, vmid: Vmid, signer: Signer): string {
  const fields = {
    dispatcher: marker.instance,
    kind: marker.kind,
    pool: marker.pool,
    nonce: marker.nonce,
    created: new Date(marker.created).toISOString(),
    phase: marker.phase,
  };
  return JSON.stringify({ ...fields, sig: signer.sign(signedText(fields, vmid)) });
}

function parse(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function markerOf(fields: Readonly<Record<string, unknown>>): Marker | null {
  const { dispatcher, kind, pool, nonce, created, phase } = fields;
  const when = Date.parse(String(created));
  const knownKind = guestKinds.find((k) => k === kind);
  const knownPhase = phases.find((p) => p === phase);
  if (typeof dispatcher !== "string" || typeof pool !== "string" || typeof nonce !== "string") return null;
  if (knownKind === undefined || knownPhase === undefined || Number.isNaN(when)) return null;
  return {
    instance: asInstanceName(dispatcher),
    kind: knownKind,
    pool: asPoolName(pool),
    nonce,
    created: when,
    phase: knownPhase,
  };
}
