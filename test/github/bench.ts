import { mock } from "node:test";
import { defaultEvents } from "../../src/domain/events.ts";
import {
  asInstanceName,
  asNodeName,
  asPoolName,
  asRepositoryName,
  asStorageName,
  asVmid,
  type RepositoryName,
} from "../../src/domain/ids.ts";
import type { RunnerPool, Scope } from "../../src/domain/pool.ts";
import { Secret } from "../../src/domain/secret.ts";
import { HOUR, MINUTE, SECOND } from "../../src/domain/time.ts";
import { createForge, type ForgeOptions, type GithubForge } from "../../src/github/forge.ts";
import type { Notice } from "../../src/github/notices.ts";
import { journalOf } from "../fixtures.ts";
import { TestClock } from "./clock.ts";
import { FakeGithub } from "./fake-github.ts";

export const repositories = (...names: readonly string[]): readonly RepositoryName[] => names.map(asRepositoryName);

export const ofRepository = (name: string): Scope => ({ kind: "repository", repository: asRepositoryName(name) });

export const ofOrganisation = (names: readonly string[], runnerGroup: string | null = null): Scope => ({
  kind: "organisation",
  organisation: "acme",
  repositories: repositories(...names),
  runnerGroup,
});

export const poolOf = (scope: Scope, more: Partial<RunnerPool> = {}): RunnerPool => ({
  name: asPoolName("linux"),
  guest: {
    pool: asPoolName("linux"),
    template: { kind: "vmid", vmid: asVmid(9000) },
    nodes: [asNodeName("pve")],
    range: { first: asVmid(1000), last: asVmid(1099) },
    prefix: "vm",
    resourcePool: null,
    clone: { kind: "linked" },
    hardware: { cores: null, memoryMiB: null, diskGiB: null, network: null },
  },
  labels: ["linux"],
  scope,
  events: defaultEvents,
  max: 10,
  registration: "jit",
  delivery: { kind: "iso", storage: asStorageName("local") },
  userDataTemplate: "/t",
  runnerUser: "runner",
  idlePatience: 5 * MINUTE,
  bootDeadline: 5 * MINUTE,
  hardLifetime: 24 * HOUR,
  ...more,
});

export interface Bench {
  readonly github: FakeGithub;
  readonly clock: TestClock;
  readonly forge: GithubForge;
  readonly notices: Notice[];
}

let benches = 0;

/** A forge with its own GitHub and its own token: the throttling plugin shares its queues between equal tokens. */
export function bench(options: Partial<ForgeOptions> & { readonly github?: FakeGithub } = {}): Bench {
  const github = options.github ?? new FakeGithub();
  const clock = new TestClock();
  const notices: Notice[] = [];
  const forge = createForge({
    apiUrl: new URL("https://api.github.test"),
    token: new Secret(`ghp_bench${++benches}`),
    fetch: github.fetch,
    clock,
    chance: { below: () => 0 },
    instance: asInstanceName("home"),
    pools: [poolOf(ofRepository("o/r"))],
    policy: { publicRepositories: [], forksOf: [] },
    pollInterval: 15 * SECOND,
    journal: journalOf(),
    onNotice: (notice) => notices.push(notice),
    ...options,
  });
  return { github, clock, forge, notices };
}

export const never = new AbortController().signal;

/** Octokit's plugins wait on timers of their own: these pass at once here. */
export async function withoutWaiting<T>(work: () => Promise<T>): Promise<T> {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let settled = false;
    const outcome = work().finally(() => {
      settled = true;
    });
    outcome.catch(() => {});
    while (!settled) {
      await new Promise((resolve) => setImmediate(resolve));
      mock.timers.tick(SECOND);
    }
    return await outcome;
  } finally {
    mock.timers.reset();
  }
}
