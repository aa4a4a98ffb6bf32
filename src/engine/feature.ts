import type { SiteView } from "../domain/observation.ts";
import type { Instant } from "../domain/time.ts";
import type { Operation } from "./operations.ts";

/** What a pass intends: operations with their reasons, and notes on why nothing is done about something. */
export interface Intent {
  readonly operations: readonly Operation[];
  readonly notes: readonly { readonly about: string; readonly text: string }[];
  /** When the next pass should come at the latest; null: at its usual time. */
  readonly due: Instant | null;
}

export interface PassContext {
  readonly site: SiteView;
  readonly now: Instant;
  readonly inHand: readonly Operation[];
  readonly resting: ReadonlyMap<string, string>;
}

/**
 * One reason for guests to exist: runners today, sandboxes and declared VMs later. Each observes what is its own,
 * decides purely, and turns its actions into operations; loop, site and bookkeeping are shared.
 */
export interface Feature {
  readonly name: string;
  /** Asked after the site, so that what it sees is never older than the guests. */
  intend(context: () => PassContext, signal: AbortSignal): Promise<Intent>;
}
