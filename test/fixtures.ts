import { createHmac } from "node:crypto";
import { defaultEvents } from "../src/domain/events.ts";
import {
  asGuestName,
  asInstanceName,
  asJobId,
  asNodeName,
  asPoolName,
  asRepositoryName,
  asRunnerId,
  asStorageName,
  asVmid,
} from "../src/domain/ids.ts";
import type { Marker } from "../src/domain/marker.ts";
import type { ForgeView, GuestView, JobView, RunnerView, SiteView } from "../src/domain/observation.ts";
import type { GuestSpec, RunnerPool } from "../src/domain/pool.ts";
import type { RunnerWorld } from "../src/domain/runners/decide.ts";
import { blankMemory } from "../src/domain/runners/memory.ts";
import type { Signer } from "../src/domain/signed-line.ts";
import { HOUR, MINUTE } from "../src/domain/time.ts";
import { Journal } from "../src/engine/journal.ts";

export const instance = asInstanceName("lab");
export const repository = asRepositoryName("octo/demo");
export const start = Date.parse("2026-11-21T08:00:00Z");

/** A signer of its own key: what another signed, it refuses. */
export function signerOf(key: string): Signer {
  const sign = (text: string): string => createHmac("sha256", key).update(text).digest("base64url");
  return { sign, verify: (text, signature) => sign(text) === signature };
}

export function specOf(change: Partial<GuestSpec> = {}): GuestSpec {
  return {
    pool: asPoolName("default"),
    template: { kind: "name", name: "base" },
    nodes: [asNodeName("pve1")],
    range: { first: asVmid(200), last: asVmid(299) },
    prefix: "runner",
    resourcePool: null,
    clone: { kind: "linked" },
    hardware: { cores: null, memoryMiB: null, diskGiB: null, network: null },
    ...change,
  };
}

export function poolOf(change: Partial<RunnerPool> = {}): RunnerPool {
  return {
    name: asPoolName("default"),
    guest: specOf(),
    labels: ["linux", "x64"],
    scope: { kind: "repository", repository },
    events: defaultEvents,
    max: 4,
    registration: "jit",
    delivery: { kind: "iso", storage: asStorageName("local") },
    userDataTemplate: "/templates/runner.yaml.ejs",
    runnerUser: "runner",
    idlePatience: 5 * MINUTE,
    bootDeadline: 10 * MINUTE,
    hardLifetime: 24 * HOUR,
    ...change,
  };
}

export function markerOf(change: Partial<Marker> = {}): Marker {
  return {
    instance,
    kind: "runner",
    pool: asPoolName("default"),
    nonce: "abcdefghij",
    created: start,
    phase: "armed",
    ...change,
  };
}

/** A guest of ours: number 1 is VMID 201, named `runner-aaaaaaaaa1`-like by its letter. */
export function guestOf(letter: string, change: Partial<GuestView> & { phase?: Marker["phase"] } = {}): GuestView {
  const { phase = "armed", ...rest } = change;
  const nonce = letter.repeat(10);
  return {
    vmid: asVmid(200 + letter.charCodeAt(0) - 96),
    name: asGuestName(`runner-${nonce}`),
    node: asNodeName("pve1"),
    marker: markerOf({ nonce, phase }),
    power: "running",
    lock: null,
    os: "linux",
    seedAttached: false,
    stray: null,
    ...rest,
  };
}

export function recordOf(letter: string, change: Partial<RunnerView> = {}): RunnerView {
  return {
    id: asRunnerId(letter.charCodeAt(0)),
    name: asGuestName(`runner-${letter.repeat(10)}`),
    online: true,
    busy: false,
    ephemeral: true,
    labels: ["self-hosted", "linux", "x64", "dispatcher-lab"],
    ...change,
  };
}

export function jobOf(id: number, change: Partial<JobView> = {}): JobView {
  return {
    id: asJobId(id),
    repository,
    runId: id,
    event: "push",
    name: `job-${id}`,
    labels: ["self-hosted", "linux"],
    status: "queued",
    createdAt: start + id,
    startedAt: null,
    runner: null,
    refused: null,
    ...change,
  };
}

export function siteOf(guests: readonly GuestView[] = [], change: Partial<SiteView> = {}): SiteView {
  return {
    guests,
    nodes: [{ name: asNodeName("pve1"), online: true, freeMemory: null, load: null }],
    seeds: [],
    blocks: [],
    hidden: [],
    ...change,
  };
}

export function forgeOf(
  { runners = [], jobs = [] }: { runners?: readonly RunnerView[]; jobs?: readonly JobView[] } = {},
  change: Partial<ForgeView> = {},
): ForgeView {
  return {
    lists: [{ scope: "repos/octo/demo", at: start, runners }],
    jobs,
    silent: new Map(),
    silentScopes: new Map(),
    closedPools: new Set([asPoolName("default")]),
    ...change,
  };
}

export const silentForge: ForgeView = forgeOf(
  {},
  {
    lists: [],
    silent: new Map([[repository, "GitHub does not answer"]]),
    silentScopes: new Map([["repos/octo/demo", "GitHub does not answer"]]),
  },
);

export function worldOf(change: Partial<RunnerWorld> = {}): RunnerWorld {
  return {
    instance,
    pools: [poolOf()],
    maxTotal: 10,
    draining: false,
    site: siteOf(),
    forge: forgeOf(),
    memory: blankMemory,
    hands: [],
    resting: new Map(),
    destroyed: new Set(),
    ...change,
  };
}

/** A journal that is kept nowhere. */
export const journalOf = (): Journal =>
  new Journal({
    file: null,
    instance: asInstanceName("home"),
    clock: { now: () => 0, sleep: async () => {} },
    onTrouble() {},
  });
