import type { GuestName, JobId, RepositoryName, RunnerId } from "../domain/ids.ts";
import type { ForgeView } from "../domain/observation.ts";
import type { RunnerPool, ScopeKey } from "../domain/pool.ts";
import type { Secret } from "../domain/secret.ts";

/** What lets one runner register. A JIT config makes the runner's record at once; a registration token makes none. */
export type Credential =
  | { readonly kind: "jit"; readonly config: Secret; readonly runnerId: RunnerId }
  | { readonly kind: "token"; readonly token: Secret };

/** `busy`: it works, keep its guest. `unsure`: refused or absent without a complete list that proves it. */
export type Deregistered = "removed" | "absent" | "busy";

export interface Forge {
  /** Runner lists first, jobs after: a job that starts between the two then never looks like one that waits. */
  observe(signal: AbortSignal): Promise<ForgeView>;
  /** Asked just before a launch: does this job still wait for a runner? */
  stillQueued(repository: RepositoryName, job: JobId, signal: AbortSignal): Promise<boolean>;
  /** Never repeated blindly: after a lost answer the record is looked up by name and removed, and this throws. */
  mint(pool: RunnerPool, name: GuestName, signal: AbortSignal): Promise<Credential>;
  /** `absent` only with a complete list that lacks the runner: a 404 alone may also mean that we lost access. */
  deregister(scope: ScopeKey, runner: { id: RunnerId; name: GuestName }, signal: AbortSignal): Promise<Deregistered>;
}
