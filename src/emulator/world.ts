import { z } from "zod";
import type { Chance } from "../domain/naming.ts";
import type { Audit, Tally } from "./audit.ts";
import { scriptedContainers } from "./container/scripted.ts";
import type { MakeContainer } from "./container.ts";
import { customising } from "./customising.ts";
import { createGithub, type GithubEmulator } from "./github/github.ts";
import { withRunnerWire } from "./github/runner-wire.ts";
import { githubSpec } from "./github/spec.ts";
import { createGuests } from "./guest/guests.ts";
import { images } from "./guest/images.ts";
import type { Handler } from "./handler.ts";
import type { Boot } from "./machine.ts";
import { createPve, type PveEmulator } from "./pve/pve.ts";
import { pveSpec } from "./pve/spec.ts";
import { createRealGuests } from "./qemu/guests.ts";
import { qemuSpec } from "./qemu/spec.ts";
import type { WorldTime } from "./time.ts";
import type { Connect } from "./websocket.ts";

const ms = z.number().min(0).optional();

/** A described world: what a `--world` file holds. Durations are milliseconds of life. */
export const worldSpec = z.strictObject({
  pve: pveSpec.prefault({}),
  github: githubSpec.prefault({}),
  /** How long a guest's own doings last. */
  guest: z.strictObject({ boot: ms, agent: ms, shutdown: ms, register: ms, connect: ms }).prefault({}),
  /** Guests that are real machines. */
  qemu: qemuSpec.nullable().default(null),
  /** Environment variables for a dispatcher that is to serve this world. */
  dispatcher: z.record(z.string(), z.string()).default({}),
});

export type WorldSpec = z.infer<typeof worldSpec>;

export interface World {
  readonly pve: Handler;
  /** Consoles of PVE's containers, over websockets. */
  readonly connect: Connect;
  readonly github: Handler;
  /** Behind the handlers, for whoever drives the world: jobs, weather, and what really happened. */
  readonly behind: { readonly github: GithubEmulator; readonly pve: PveEmulator };
  tally(): Tally;
  /** No job waits, runs or is still to come. */
  settled(): boolean;
  /** Ends what runs outside of this process. */
  close(): void;
}

/** All state, one clock, one random source, behind two handlers. */
export function createWorld(options: {
  readonly spec: WorldSpec;
  readonly time: WorldTime;
  readonly chance: Chance;
  readonly audit: Audit;
  /** Where the pretended GitHub is reached, once it is served: what its answers and its runners link to. */
  readonly githubUrl?: () => string;
  /** What containers are made of: a scripted shell, where it is left out. */
  readonly makeContainer?: MakeContainer;
}): World {
  const { spec, time, chance, audit, githubUrl } = options;
  const github = createGithub({
    spec: spec.github,
    time,
    chance,
    audit,
    ...(githubUrl === undefined ? {} : { baseUrl: githubUrl }),
  });
  const guests = createGuests({ runners: github.runners, durations: given(spec.guest), time, audit, images });
  const simulated = customising(guests, time);
  const real = spec.qemu === null ? null : createRealGuests({ spec: spec.qemu, time, audit });
  const boot: Boot = (machine) => (real?.have(machine.image) === true ? real.boot(machine) : simulated(machine));
  const { makeContainer = scriptedContainers().make } = options;
  const pve = createPve({ spec: spec.pve, time, chance, audit, boot, makeContainer });
  if (real !== null) pve.state.volumes.whenDeleted(real.forget);
  return {
    pve: pve.handler,
    connect: pve.connect,
    github:
      real === null
        ? github.handler
        : withRunnerWire(github.handler, { runners: github.runners, time, hostOf: real.named }),
    behind: { github, pve },
    settled: () => github.settled(),
    close: () => real?.close(),
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
