import type { SiteView } from "../domain/observation.ts";
import type { Ms } from "../domain/time.ts";
import type { Intent } from "./feature.ts";
import type { Operation } from "./operations.ts";

/** Facts that the engine reports; logs, metrics and health are renderings of them. */
export type EngineEvent =
  | { readonly event: "pass.done"; readonly ms: Ms; readonly site: SiteView; readonly intent: Intent }
  | { readonly event: "pass.standby"; readonly why: string }
  | { readonly event: "pass.failed"; readonly error: unknown; readonly failures: number }
  | { readonly event: "operation.started"; readonly operation: Operation }
  | { readonly event: "operation.done"; readonly operation: Operation; readonly ms: Ms }
  | { readonly event: "operation.failed"; readonly operation: Operation; readonly error: unknown; readonly ms: Ms };
