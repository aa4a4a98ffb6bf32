import type { NodeName, Vmid } from "../domain/ids.ts";
import type { Marker, Phase } from "../domain/marker.ts";
import type { SeedView, SiteView } from "../domain/observation.ts";
import type { GuestRef, GuestSpec, StoreName } from "../domain/pool.ts";
import type { Secret } from "../domain/secret.ts";

export interface CloneOrder {
  readonly spec: GuestSpec;
  readonly node: NodeName;
  /** Phase `cloning`; the site signs it for the VMID that it finds. */
  readonly marker: Marker;
}

/** A clone that PVE has accepted: the VMID is in our hands until `done` settles. */
export interface Cloning {
  readonly guest: GuestRef;
  readonly node: NodeName;
  /** Rejects with `task_failed`, `timeout` … after the guest was given up; nothing of it is left then. */
  readonly done: Promise<void>;
}

/** What a guest's configuration must say so that the guest reads its seed. */
export type SeedAttachment =
  | { readonly kind: "cdrom"; readonly volume: string }
  | { readonly kind: "cicustom"; readonly volume: string };

/** `ours`: a guest that this process has cloned there, whether or not our token sees it already. */
export type Free = "free" | "used" | "ours" | "unknown";
export type AgentAnswer = "answers" | "silent" | "unknown";
/** `answers`: the guest agent does, and there is no such file. */
export type FileAnswer = "there" | AgentAnswer;

/**
 * One PVE cluster, and the only door through which guests change. Each call that changes something takes the identity
 * alone, reads the guest afresh and proves that it is ours; without that proof it throws `not_ours` and has changed nothing.
 */
export interface Site {
  /** Whole, or it throws: never half, never empty for "could not ask". Seeds are listed only for a sweep. */
  observe(signal: AbortSignal, look?: { readonly seeds: boolean }): Promise<SiteView>;
  /** Finds a VMID and clones. Resolves when PVE accepted the clone; `no_capacity` when the range is full. */
  clone(order: CloneOrder, signal: AbortSignal): Promise<Cloning>;
  /** Hardware, protection and onboot cleared, phase `cloned`. */
  configure(guest: GuestRef, spec: GuestSpec, signal: AbortSignal): Promise<void>;
  /** The seed onto exactly the slot of the template's cloud-init drive, phase `armed`. */
  attach(guest: GuestRef, seed: SeedAttachment, signal: AbortSignal): Promise<void>;
  /** Writes a phase before the step that it names; `conflict` where the guest is in another one than `from` by now. */
  advance(guest: GuestRef, phase: { readonly from: Phase; readonly to: Phase }, signal: AbortSignal): Promise<void>;
  start(guest: GuestRef, signal: AbortSignal): Promise<void>;
  /** Takes the seed out of the running guest's drive. */
  eject(guest: GuestRef, signal: AbortSignal): Promise<void>;
  /** Removes a guest that is powered off; `conflict` when it runs after all. Done when it is gone, whoever removed it. */
  destroy(guest: GuestRef, signal: AbortSignal): Promise<void>;
  /**
   * Stops a running guest, then removes it. The caller holds the proof that no job dies with it; where that is the guest's
   * phase, it is named, and `conflict` says that the guest is in another one by now.
   */
  stopAndDestroy(guest: GuestRef, signal: AbortSignal, phase?: Phase): Promise<void>;
  agent(guest: GuestRef, signal: AbortSignal): Promise<AgentAnswer>;
  /** Text of a file in a running guest; null where it cannot be known: no answer, no right, no such file, another guest. */
  readFile(guest: GuestRef, path: string, signal: AbortSignal): Promise<string | null>;
  /** Never throws for a guest that cannot be asked. */
  hasFile(guest: GuestRef, path: string, signal: AbortSignal): Promise<FileAnswer>;
  /**
   * A file in a running guest that is in phase `armed`. It is there empty for a moment before it is whole. Only
   * `lost_answer` and `timeout` leave open whether it was written.
   */
  writeFile(guest: GuestRef, path: string, content: Secret, signal: AbortSignal): Promise<void>;
  /** Whether any guest, also one hidden from our token, holds the VMID. */
  isFree(vmid: Vmid, signal: AbortSignal): Promise<Free>;
}

/** Where seeds wait for their guests. Only names of our own VMIDs are ever written or removed. */
export interface SeedStore {
  /** Overwrites what stood there. Resolves when the guest can read it. */
  put(
    seed: { vmid: Vmid; node: NodeName; name: string; userData: string },
    signal: AbortSignal,
  ): Promise<SeedAttachment>;
  /** Its content is gone afterwards; a blank of fixed size may stay. */
  blank(vmid: Vmid, node: NodeName, signal: AbortSignal): Promise<void>;
  /** Removes it where the token may, otherwise leaves a blank. Only for VMIDs that no guest holds. */
  remove(vmid: Vmid, node: NodeName, signal: AbortSignal): Promise<void>;
  list(signal: AbortSignal): Promise<readonly SeedView[]>;
  readonly name: StoreName;
}
