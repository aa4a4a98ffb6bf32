import type { Phase } from "../marker.ts";
import type { Power } from "../observation.ts";
import type { RunnerSide, Sighting } from "./sighting.ts";

/** Where in its life a runner's guest is (DESIGN: a guest's life). `unclear` rests until somebody answers. */
export type Stage =
  | "cloning"
  | "cold"
  | "unarmed"
  | "booting"
  | "online"
  | "busy"
  | "lost"
  | "leaving"
  | "finished"
  | "unclear"
  | "stray";

/** Has it been switched on by us, and been given its secret? The phase is written before the step that it names. */
type Life = "unborn" | "unarmed" | "born";

const lifeOf = {
  cloning: "unborn",
  cloned: "unborn",
  started: "unarmed",
  armed: "born",
} as const satisfies Record<Phase, Life>;

const running = {
  awaited: "booting",
  offline: "booting",
  idle: "online",
  busy: "busy",
  lost: "lost",
  gone: "leaving",
  unknown: "unclear",
} as const satisfies Record<RunnerSide, Stage>;

const everywhere = <S extends Stage>(stage: S): Record<RunnerSide, S> => ({
  awaited: stage,
  offline: stage,
  idle: stage,
  busy: stage,
  lost: stage,
  gone: stage,
  unknown: stage,
});

/** A record that is offline is of a config that was minted for it and never written. */
const runningUnarmed = { ...running, awaited: "unarmed", offline: "unarmed" } as const;

/** What PVE says × how far we had come × what GitHub says. A stopped guest runs no job, whatever GitHub still believes. */
const stages: Record<Power, Record<Life, Record<RunnerSide, Stage>>> = {
  // Off without a secret: it gave up before its time, and is not started again.
  stopped: { unborn: everywhere("cold"), unarmed: everywhere("finished"), born: everywhere("finished") },
  // Running though we never started it: somebody did by hand; what GitHub says of its runner decides as ever.
  running: { unborn: running, unarmed: runningUnarmed, born: running },
  unknown: { unborn: everywhere("unclear"), unarmed: everywhere("unclear"), born: everywhere("unclear") },
};

export function stageOf({ guest, side }: Pick<Sighting, "guest" | "side">): Stage {
  if (guest.stray !== null) return "stray";
  if (guest.lock !== null) return lifeOf[guest.marker.phase] === "unborn" ? "cloning" : "unclear";
  return stages[guest.power][lifeOf[guest.marker.phase]][side];
}

/** Serving: has a job or will take one. A runner that nobody can reach serves only while GitHub sees it online. */
export function isServing(sighting: Sighting): boolean {
  const serving = {
    cloning: false,
    cold: false,
    unarmed: true,
    booting: true,
    online: sighting.trace.withdrawnAt === null,
    busy: true,
    lost: false,
    leaving: false,
    finished: false,
    unclear: sighting.side === "idle" || sighting.side === "busy" || sighting.side === "unknown",
    stray: false,
  } as const satisfies Record<Stage, boolean>;
  return serving[stageOf(sighting)];
}
