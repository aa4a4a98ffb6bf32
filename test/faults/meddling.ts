import assert from "node:assert/strict";
import type { Ms } from "../../src/domain/time.ts";
import { pause } from "../../src/emulator/time.ts";
import type { Outcome, Stage } from "./stage.ts";
import type { Meddler } from "./wire.ts";

export const isClone = (request: Request): boolean => request.method === "POST" && pathOf(request).endsWith("/clone");
export const isStart = (request: Request): boolean => pathOf(request).endsWith("/status/start");
export const isUpload = (request: Request): boolean => pathOf(request).endsWith("/upload");
export const pathOf = (request: Request): string => new URL(request.url).pathname.replace("/api2/json", "");

export const refusal = (status: number, reason: string): Response =>
  new Response(status === 500 ? JSON.stringify({ data: null, message: `${reason}\n` }) : null, {
    status,
    statusText: reason,
  });

/** Thrown by a meddler, it closes the connection without an answer. */
export const dropped = (): never => {
  throw new Error("the connection is dropped");
};

/** Meddles with the first `times` requests of a kind. */
export function first(times: number, which: (request: Request) => boolean, how: Meddler): Meddler {
  let done = 0;
  return (request, next) => {
    if (done >= times || !which(request)) return next();
    done += 1;
    return how(request, next);
  };
}

/** Meddles with everything for a while, beginning with the first request of a kind. */
export function during(
  { time }: Stage,
  { from, ms, which = () => true }: { from: (request: Request) => boolean; ms: Ms; which?: typeof isClone },
  how: Meddler,
): Meddler {
  let until: number | null = null;
  return (request, next) => {
    if (until === null && from(request)) until = time.now() + ms;
    return until !== null && time.now() < until && which(request) ? how(request, next) : next();
  };
}

/** The worker comes about after the connection is gone. */
export const late =
  ({ time }: Stage, ms: Ms): Meddler =>
  (_, next) => {
    void pause(time, ms).then(next);
    return dropped();
  };

/** Does something of its own at the first request of a kind; the request itself goes its way. */
export function upon(which: (request: Request) => boolean, act: (request: Request) => void): Meddler {
  return first(1, which, async (request, next) => {
    act(request);
    const answer = await next();
    // A copy: the stage counts it as meddled with.
    return new Response(answer.body, answer);
  });
}

/** Every job done once, nothing left, nothing of others touched. */
export function isRight(outcome: Outcome, jobs = 2): void {
  const { left, served, completed, foreignTouched, meddled, log } = outcome;
  assert.ok(meddled > 0, "the fault took place");
  assert.deepEqual(
    { left, served, completed, foreignTouched },
    {
      left: { guests: 0, seeds: 0, runners: 0 },
      served: Array.from({ length: jobs }, () => 1),
      completed: jobs,
      foreignTouched: 0,
    },
    log,
  );
}

/** Accepted calls of a kind, in order. */
export const accepted = ({ records }: Outcome, call: string): readonly number[] =>
  records.flatMap((r) => (r.event === "pve" && r.call === call && r.status === 200 ? [r.vmid ?? 0] : []));

export const isConfig = (request: Request): boolean => request.method === "PUT" && pathOf(request).endsWith("/config");
export const vmidIn = (request: Request): number => Number(/\/qemu\/(\d+)/.exec(pathOf(request))?.[1]);
