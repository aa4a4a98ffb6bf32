import type { Ms } from "../../domain/time.ts";
import { SECOND } from "../../domain/time.ts";
import { pause, type WorldTime } from "../time.ts";
import { jsonLines } from "./json-lines.ts";
import { describe } from "./monitor.ts";

/** The guest agent inside a real guest. */
export interface Agent {
  /** Whether it answered when it was asked last: a moment ago. */
  answers(): boolean;
  /** Rejects with what the agent said, or when it says nothing for so long. */
  ask(command: string, given?: Readonly<Record<string, unknown>>, patience?: Ms): Promise<unknown>;
}

const pingPatience = 3 * SECOND;
const betweenPings = 2 * SECOND;

export function createAgent(socket: string, time: WorldTime, dead: AbortSignal): Agent {
  let answering = false;
  let lastId = 0;
  let hear: (message: Readonly<Record<string, unknown>>) => void = () => {};
  let turn: Promise<unknown> = Promise.resolve();
  const lines = jsonLines(socket, (message) => hear(message), dead);

  /** The channel has no ids: what comes before the answer to `guest-sync` belongs to a question that was given up. */
  function exchange(command: string, given: Readonly<Record<string, unknown>>, patience: Ms): Promise<unknown> {
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      let synced = false;
      let callOff = time.after(pingPatience, () => end(() => reject(new Error("the agent does not answer"))));
      const end = (tell: () => void): void => {
        callOff();
        hear = () => {};
        tell();
      };
      hear = (message) => {
        if (!synced) {
          if (message.return !== id) return;
          synced = true;
          callOff();
          callOff = time.after(patience, () => end(() => reject(new Error("the agent does not answer"))));
          lines.send({ execute: command, arguments: given });
        } else if ("error" in message) end(() => reject(new Error(describe(message.error))));
        else end(() => resolve(message.return));
      };
      lines.send({ execute: "guest-sync", arguments: { id } });
    });
  }

  function ask(command: string, given: Readonly<Record<string, unknown>> = {}, patience: Ms = 30 * SECOND) {
    const asked = turn.then(() => exchange(command, given, patience));
    turn = asked.catch(() => {});
    return asked;
  }

  async function watch(): Promise<void> {
    while (!dead.aborted) {
      answering = await ask("guest-ping", {}, pingPatience).then(
        () => true,
        () => false,
      );
      await pause(time, betweenPings);
    }
    answering = false;
  }
  void watch();

  return { answers: () => answering && !dead.aborted, ask };
}
