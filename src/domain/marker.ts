import { asInstanceName, asPoolName, type InstanceName, type PoolName, type Vmid } from "./ids.ts";
import { type Fields, readSignedLine, type Signer, signedLine, withSignedLine } from "./signed-line.ts";
import type { Instant } from "./time.ts";

/** Written before the step that it names, so that a restart knows how far a guest may have come. */
export const phases = ["cloning", "cloned", "started", "armed"] as const;
export type Phase = (typeof phases)[number];

export const guestKinds = ["runner"] as const;
export type GuestKind = (typeof guestKinds)[number];

/** Switched on without a secret: no runner can be in it. */
export const isUnarmed = ({ marker }: { readonly marker: Marker }): boolean => marker.phase === "started";

/** What a guest says of itself, in its description: this is the database. */
export interface Marker {
  readonly instance: InstanceName;
  readonly kind: GuestKind;
  readonly pool: PoolName;
  readonly nonce: string;
  readonly created: Instant;
  readonly phase: Phase;
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
export const withMarker = (description: string, marker: Marker, vmid: Vmid, signer: Signer): string =>
  withSignedLine(description, lineOf(marker, vmid, signer)) ?? describe(marker, vmid, signer);

export function readMarker(description: string, vmid: Vmid, signer: Signer): ReadMarker {
  const read = readSignedLine(description, vmid, signer);
  if (read.kind !== "signed") return read;
  const marker = markerOf(read.fields);
  // Signed by us, but no guest's: a lease, or of a version that knew other words.
  return marker === null ? { kind: "none" } : { kind: "valid", marker };
}

const lineOf = (marker: Marker, vmid: Vmid, signer: Signer): string =>
  signedLine(
    {
      dispatcher: marker.instance,
      kind: marker.kind,
      pool: marker.pool,
      nonce: marker.nonce,
      created: new Date(marker.created).toISOString(),
      phase: marker.phase,
    },
    vmid,
    signer,
  );

function markerOf(fields: Fields): Marker | null {
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
