import type { RunnerFiles } from "./jit-config.ts";

/** What GitHub is to the runner software inside a guest. */
export interface RunnerService {
  register(order: RegistrationOrder): Registered;
  /** Connects and serves: one job where the runner is ephemeral, else until it is stopped. */
  listen(order: ListenOrder): Promise<SessionEnd>;
}

export interface RegistrationOrder {
  /** Of a repository or an organisation, as a browser shows it. */
  readonly url: string;
  readonly token: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly group?: string;
  readonly ephemeral: boolean;
  /** Whether a runner of this name may lose its place. */
  readonly replace: boolean;
}

export type Registered =
  | { readonly ok: true; readonly files: RunnerFiles }
  | { readonly ok: false; readonly exitCode: number; readonly message: string };

export interface ListenOrder {
  readonly credential:
    | { readonly kind: "jit"; readonly config: string }
    | { readonly kind: "files"; readonly files: RunnerFiles };
  readonly vmid: number | null;
  /** The machine is off: nothing of this runner is left. */
  readonly off: AbortSignal;
  /** The runner is asked to end (SIGTERM): it cancels its job. */
  readonly stop?: AbortSignal;
  /** The scripts around a job; a first one that fails fails the job. */
  readonly hooks?: { started(job: number): Promise<boolean>; completed(job: number): Promise<void> };
}

/** Why a runner does not listen any more. `message` is what its log says. */
export type SessionEnd =
  | { readonly ended: "refused"; readonly message: string }
  | { readonly ended: "conflict"; readonly message: string }
  | { readonly ended: "job"; readonly job: number; readonly name: string; readonly result: string }
  | { readonly ended: "deleted"; readonly message: string }
  | { readonly ended: "stopped" }
  | { readonly ended: "off" };
