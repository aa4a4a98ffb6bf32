import { DispatcherError, messageOf } from "../../domain/errors.ts";
import type { Chance } from "../../domain/naming.ts";
import type { Audit } from "../audit.ts";
import type { MakeContainer } from "../container.ts";
import type { Handler } from "../handler.ts";
import type { Boot } from "../machine.ts";
import type { WorldTime } from "../time.ts";
import type { Connect } from "../websocket.ts";
import { answerer, type Faults } from "./answer.ts";
import type { Guest } from "./guest.ts";
import { resumeForeign } from "./power.ts";
import { snippetsWithContent } from "./snippets.ts";
import type { PveSpec } from "./spec.ts";
import type { PveState } from "./state.ts";
import { connectConsole } from "./vncwebsocket.ts";
import { holdsContent } from "./volumes.ts";
import { createState } from "./world.ts";

export interface PveOptions {
  readonly spec: PveSpec;
  readonly time: WorldTime;
  readonly chance: Chance;
  readonly audit: Audit;
  readonly boot: Boot;
  /** What containers are made of; left out, nothing runs in them. */
  readonly makeContainer?: MakeContainer;
  readonly faults?: Faults;
}

export interface PveEmulator {
  /** Answers `/api2/json/…`. */
  readonly handler: Handler;
  /** Answers who wants a websocket. */
  readonly connect: Connect;
  /** What calls have made and left behind, and how many requests came in. */
  tally(): { guests: number; seeds: number; requests: number };
  readonly state: PveState;
}

export function createPve(options: PveOptions): PveEmulator {
  const { spec, time, chance, boot, audit, makeContainer = null } = options;
  const state = createState({ spec, time, chance, boot, makeContainer });
  audit({
    event: "world",
    foreign: {
      vmids: [...state.guests.keys()],
      volumes: [...state.volumes.all().map(({ id }) => id), ...state.firstSnippets],
    },
  });
  for (const guest of state.guests.values()) resume(state, guest);
  let requests = 0;
  const answer = answerer({ state, audit, faults: options.faults ?? { before: () => null } });
  return {
    state,
    handler: (request) => {
      requests++;
      return answer(request);
    },
    connect: async (request) => connectConsole(state, request),
    tally: () => ({ guests: clonedGuests(state), seeds: seeds(state), requests }),
  };
}

function resume(state: PveState, guest: Guest): void {
  try {
    resumeForeign(state, guest);
  } catch (error) {
    throw new DispatcherError("invalid", `running guest ${guest.vmid} of the world: ${messageOf(error)}`, {
      cause: error,
      remedy: "describe what it needs too, or let it be stopped",
    });
  }
}

function clonedGuests(state: PveState): number {
  let count = 0;
  for (const guest of state.guests.values()) if (guest.origin === "cloned") count++;
  return count;
}

const seeds = (state: PveState): number =>
  state.volumes.all().filter((volume) => volume.origin === "uploaded" && holdsContent(volume.bytes)).length +
  snippetsWithContent(state.spec, state.firstSnippets);
