import { asInstanceName, type InstanceName, type Vmid } from "../ids.ts";
import { type Fields, readSignedLine, type Signer, signedLine, withSignedLine } from "../signed-line.ts";
import type { Instant } from "../time.ts";
import { type ImageSource, sourceOf } from "./template-marker.ts";

/**
 * How far a template in the making has come. `claimed`: the guest is there, without a disk. `fetched`: the image's file
 * is on the storage, whole and checked. `imported`: it is the guest's disk. `booting`: written before the start.
 * `customised`: the guest has said so. `sealed`: it is off, and its seed has made way for a cloud-init drive.
 */
export const buildPhases = ["claimed", "fetched", "imported", "booting", "customised", "sealed"] as const;
export type BuildPhase = (typeof buildPhases)[number];

/** What a guest that is to become a template says of itself: enough for another process to go on, or to remove it. */
export interface BuildMarker {
  readonly instance: InstanceName;
  readonly family: string;
  /** Told apart from another build that had the same VMID. */
  readonly nonce: string;
  /** The process that works on it. */
  readonly holder: string;
  /** By then that process has given up. */
  readonly until: Instant;
  readonly phase: BuildPhase;
  /** A digest of all that goes into the image: a build of the same inputs may go on with it. */
  readonly inputs: string;
  readonly source: ImageSource;
  readonly runnerVersion: string;
}

/** Clocks of two machines may differ by so much. */
const slack = 5 * 60_000;

/** Whether the process that worked on a build is known to be over. */
export const isAbandoned = (
  { holder, until }: BuildMarker,
  now: Instant,
  isDead: (holder: string) => boolean,
): boolean => isDead(holder) || now > until + slack;

export function readBuildMarker(description: string, vmid: Vmid, signer: Signer): BuildMarker | null {
  const read = readSignedLine(description, vmid, signer);
  return read.kind === "signed" ? markerOf(read.fields) : null;
}

export function withBuildMarker(description: string, marker: BuildMarker, vmid: Vmid, signer: Signer): string {
  const { instance, family, nonce, holder, until, phase, inputs, source, runnerVersion } = marker;
  const line = signedLine(
    {
      dispatcher: instance,
      kind: "template-build",
      family,
      nonce,
      holder,
      until: new Date(until).toISOString(),
      phase,
      inputs,
      source,
      runner: runnerVersion,
    },
    vmid,
    signer,
  );
  const words = `Dispatcher is building a template of family ${family} here; \`dispatcher template build ${family}\` goes on with it, or removes it.`;
  return withSignedLine(description, line) ?? `${words}\n${line}`;
}

function markerOf(fields: Fields): BuildMarker | null {
  const { dispatcher, kind, family, nonce, holder, inputs, runner } = fields;
  if (kind !== "template-build" || typeof dispatcher !== "string" || typeof family !== "string") return null;
  if (typeof nonce !== "string" || typeof holder !== "string") return null;
  if (typeof inputs !== "string" || typeof runner !== "string") return null;
  const phase = buildPhases.find((known) => known === fields.phase);
  const source = sourceOf(fields.source);
  const until = Date.parse(String(fields.until));
  if (phase === undefined || source === null || Number.isNaN(until)) return null;
  const instance = asInstanceName(dispatcher);
  return { instance, family, nonce, holder, until, phase, inputs, source, runnerVersion: runner };
}
