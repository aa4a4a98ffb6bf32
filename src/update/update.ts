import { messageOf } from "../domain/errors.ts";
import { type Clock, type Instant, type Ms, SECOND } from "../domain/time.ts";
import type { Releases } from "./releases.ts";
import type { Service } from "./service.ts";

/** What the service says of itself at `/healthz`. */
export interface Health {
  readonly ok: boolean;
  readonly version: string;
}

export interface UpdateParts {
  readonly releases: Pick<Releases, "current" | "add" | "check" | "switchTo" | "keep" | "remove">;
  readonly service: Service;
  /** Null: no answer. */
  readonly health: () => Promise<Health | null>;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

export type Outcome =
  | { readonly kind: "updated"; readonly from: string; readonly to: string }
  | { readonly kind: "returned"; readonly to: string; readonly why: string; readonly trouble: string | null };

/** The old version may take this long to finish what it has in hand. */
const stopLimit: Ms = 130 * SECOND;
/** From its start, the new one must be as well as the old one was within this time; less than a minute, with the way back. */
const startLimit: Ms = 35 * SECOND;
/** Well for this long, so that one that soon falls over is not taken for well. */
const steady: Ms = 5 * SECOND;
const look: Ms = SECOND / 2;

/** Switches to another release, and back when the service is worse off with it. Guests and their jobs are never touched. */
export async function update(
  { bring, doctor }: { readonly bring: (file: string) => Promise<void>; readonly doctor: readonly string[] },
  parts: UpdateParts,
): Promise<Outcome> {
  const { releases, service, say } = parts;
  const from = releases.current();
  const to = await releases.add(bring);
  try {
    await releases.check(to, doctor);
  } catch (error) {
    releases.remove(to);
    throw error;
  }
  const before = await service.state();
  const health = before === "active" ? levelOf(await parts.health(), from) : "silent";
  releases.switchTo(to);
  if (before !== "active") {
    if (before !== "inactive") await service.restart();
    say(
      `the service was ${before === "inactive" ? "not running" : "not well"} before: whether it is well now was not compared`,
    );
    return { kind: "updated", from, to };
  }
  say(`switched to ${to}; restarting`);
  const why = await restarted(to, health, parts);
  if (why === null) {
    releases.keep([from, to]);
    return { kind: "updated", from, to };
  }
  say(`${to} is not well: ${why}; going back to ${from}`);
  releases.switchTo(from);
  await service.kill();
  return { kind: "returned", to: from, why, trouble: await restarted(from, health, parts) };
}

type Level = "silent" | "answers" | "well";

const rank = { silent: 0, answers: 1, well: 2 } as const satisfies Record<Level, number>;

/** An answer of another version is that of the process before. */
const levelOf = (health: Health | null, version: string): Level =>
  health === null || health.version !== version ? "silent" : health.ok ? "well" : "answers";

/** Null: the service runs this version and is as well as `wanted`; else what is wrong. */
async function restarted(version: string, wanted: Level, parts: UpdateParts): Promise<string | null> {
  try {
    await parts.service.restart();
    return await watch(version, wanted, parts);
  } catch (error) {
    return messageOf(error);
  }
}

async function watch(version: string, wanted: Level, { service, health, clock }: UpdateParts): Promise<string | null> {
  const asked = clock.now();
  let began = asked;
  let wellSince: Instant | null = null;
  let falls = 0;
  let trouble = "";
  while (clock.now() - began < startLimit) {
    const state = await service.state();
    // The time of the new one begins when the old one has ended.
    if (state === "stopping" && clock.now() - asked < stopLimit) began = clock.now();
    // Once may be the end of what ran before.
    if (state === "failed") falls += 1;
    if (falls > 2) return "it ended by itself";
    const level = levelOf(await health(), version);
    trouble = `after ${startLimit / SECOND} s it is ${state} and its health check ${spelt[level]}`;
    const well = state === "active" && rank[level] >= rank[wanted];
    wellSince = well ? (wellSince ?? clock.now()) : null;
    if (wellSince !== null && clock.now() - wellSince >= steady) return null;
    await clock.sleep(look);
  }
  return trouble;
}

const spelt = {
  silent: "does not answer",
  answers: "says that something is wrong",
  well: "says that all is well, but not for long",
} as const satisfies Record<Level, string>;
