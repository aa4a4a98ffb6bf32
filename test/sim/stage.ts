import type { Ms } from "../../src/domain/time.ts";
import type { Daemons } from "./daemons.ts";
import type { Fates } from "./fates.ts";
import type { Faults } from "./faults.ts";
import type { History } from "./history.ts";
import type { Judge } from "./judge.ts";
import type { Random } from "./random.ts";
import type { Setting } from "./setting.ts";
import type { VirtualTime } from "./time.ts";
import type { SimWorld } from "./world.ts";

/** All that weather can reach. */
export interface Stage {
  readonly setting: Setting;
  readonly time: VirtualTime;
  readonly world: SimWorld;
  readonly judge: Judge;
  readonly history: History;
  readonly faults: Faults;
  readonly fates: Fates;
  readonly daemons: Daemons;
  /** Something of this kind met somebody. */
  readonly count: (kind: string) => void;
}

/** How to end it. Called once, at its end or at the calm, whichever is first. */
export type End = () => void;

/** One kind of bad luck. `random` is the entry's own, so that leaving other entries out changes nothing in this one. */
export interface Kind {
  readonly name: string;
  /** How often it comes, compared with the others. */
  readonly weight: number;
  /** How long it lasts: the least and the most. Zero for what happens at once. */
  readonly lasts: readonly [Ms, Ms];
  begin(stage: Stage, random: Random): End | null;
}
