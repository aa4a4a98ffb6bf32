import { AsyncLocalStorage } from "node:async_hooks";

/** An EXIT handler, with the variables that its script had when it set it. */
export interface Trap {
  readonly handler: string;
  readonly env: ReadonlyMap<string, string>;
}

/** What every command knows of the process that it belongs to. */
export interface Process {
  readonly user: string;
  /** Aborted when the process is told to end. */
  readonly stop: AbortSignal | null;
  trap: Trap | null;
}

/** The interpreter has no processes: the one that runs is carried along the chain of awaits. */
const running = new AsyncLocalStorage<Process>();

export const runAs = <T>(process: Process, work: () => Promise<T>): Promise<T> => running.run(process, work);

/** Outside of any process it is the machine itself that acts, with all rights. */
export const currentProcess = (): Process | undefined => running.getStore();

export const currentUser = (): string => running.getStore()?.user ?? "root";

/** For what stops for ever: a machine that is off goes no further. */
export const never = <T>(): Promise<T> => new Promise<T>(() => {});
