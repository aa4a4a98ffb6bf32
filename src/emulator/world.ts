import { z } from "zod";
import type { Chance } from "../domain/naming.ts";
import type { Audit, Tally } from "./audit.ts";
import { createGithub, type GithubEmulator } from "./github/github.ts";
import { githubSpec } from "./github/spec.ts";
import { createGuests } from "./guest/guests.ts";
import { images } from "./guest/images.ts";
import type { Handler } from "./handler.ts";
import { createPve } from "./pve/pve.ts";
import { pveSpec } from "./pve/spec.ts";
import type { WorldTime } from "./time.ts";

const ms = z.number().min(0).optional();

/** A described world: what a `--world` file holds. Durations are milliseconds of life. */
export const worldSpec = z.strictObject({
  pve: pveSpec.prefault({}),
  github: githubSpec.prefault({}),
  /** How long a guest's own doings last. */
  guest: z.strictObject({ boot: ms, agent: ms, shutdown: ms, register: ms, connect: ms }).prefault({}),
  /** Environment variables for a dispatcher that is to serve this world. */
  dispatcher: z.record(z.string(), z.string()).default({}),
});

export type WorldSpec = z.infer<typeof worldSpec>;

export interface World {
  readonly pve: Handler;
  readonly github: Handler;
  /** Behind the handlers, for whoever drives the world: jobs, weather, and what really happened. */
  readonly behind: { readonly github: GithubEmulator };
  tally(): Tally;
  /** No job waits, runs or is still to come. */
  settled(): boolean;
}

/** All state, one clock, one random source, behind two handlers. */
export function createWorld(options: {
  readonly spec: WorldSpec;
  readonly time: WorldTime;
  readonly chance: Chance;
  readonly audit: Audit;
  /** Where the pretended GitHub is reached, once it is served: what its answers and its runners link to. */
  readonly githubUrl?: () => string;
}): World {
  const { spec, time, chance, audit, githubUrl } = options;
  const github = createGithub({
    spec: spec.github,
    time,
    chance,
    audit,
    ...(githubUrl === undefined ? {} : { baseUrl: githubUrl }),
  });
  const boot = createGuests({ runners: github.runners, durations: given(spec.guest), time, audit, images });
  const pve = createPve({ spec: spec.pve, time, chance, audit, boot });
  return {
    pve: pve.handler,
    github: github.handler,
    behind: { github },
    settled: () => github.settled(),
    tally() {
      const [ofPve, ofGithub] = [pve.tally(), github.tally()];
      return {
        left: { guests: ofPve.guests, seeds: ofPve.seeds, runners: ofGithub.runners },
        githubRequests: ofGithub.requests,
        rateLimitPoints: ofGithub.points,
        proxmoxRequests: ofPve.requests,
      };
    },
  };
}

/** Without the keys that nobody gave. */
function given(durations: WorldSpec["guest"]): Readonly<Partial<Record<keyof WorldSpec["guest"], number>>> {
  return Object.fromEntries(Object.entries(durations).filter(([, value]) => value !== undefined));
}
