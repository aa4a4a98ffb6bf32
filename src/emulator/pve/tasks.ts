import type { Instant, Ms } from "../../domain/time.ts";
import type { WorldTime } from "../time.ts";
import { Refusal } from "./refusal.ts";

/** Finished tasks beyond this many are forgotten, oldest first. */
const remembered = 2000;
/** What a fork takes. */
const fork: Ms = 5;

export interface Task {
  readonly upid: string;
  readonly node: string;
  readonly pid: number;
  readonly pstart: number;
  readonly startedAt: Instant;
  readonly type: string;
  readonly id: string;
  /** `user@realm!name`. */
  readonly token: string;
  readonly log: string[];
  end: { readonly at: Instant; readonly status: string } | null;
  readonly ended: Promise<void>;
}

export interface Order {
  readonly node: string;
  readonly type: string;
  /** A VMID, a storage or nothing; a clone's is its source. */
  readonly id: string;
  readonly token: string;
}

/** What a task's work holds. */
export interface Job {
  log(line: string): void;
  /** The task ends well, but says so. */
  warn(line: string): void;
  /** Rejects when the task is aborted meanwhile. */
  pass(ms: Ms): Promise<void>;
}

interface Running {
  readonly task: Task;
  readonly abort: AbortController;
}

/** Thrown out of `pass` when somebody stops the task. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted by signal");
    this.name = "Interrupted";
  }
}

export class Tasks {
  readonly #time: WorldTime;
  readonly #running = new Map<string, Running>();
  readonly #known = new Map<string, Task>();
  #finished: Task[] = [];
  #lastPid = 9_000;

  constructor(time: WorldTime) {
    this.#time = time;
  }

  /** Forks the work off and gives its UPID. */
  start(order: Order, work: (job: Job) => Promise<void>): Task {
    const abort = new AbortController();
    const log: string[] = [];
    let settle = (): void => {};
    const ended = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const task: Task = { ...order, ...this.#identity(order), log, end: null, ended };
    this.#running.set(task.upid, { task, abort });
    this.#known.set(task.upid, task);
    let warnings = 0;
    const warn = (line: string): void => {
      warnings++;
      log.push(`WARN: ${line}`);
    };
    const job: Job = { log: (line) => log.push(line), warn, pass: (ms) => this.#pass(ms, abort.signal) };
    // The worker is forked first: nobody sees it finished at once.
    this.#pass(fork, abort.signal)
      .then(() => work(job))
      .then(
        () => this.#end(task, warnings === 0 ? "OK" : `WARNINGS: ${warnings}`),
        (error: unknown) => this.#end(task, spelled(error)),
      )
      .finally(settle);
    return task;
  }

  find(upid: string): Task | undefined {
    return this.#known.get(upid);
  }

  abort(upid: string): void {
    this.#running.get(upid)?.abort.abort();
  }

  running(): readonly Task[] {
    return [...this.#running.values()].map(({ task }) => task);
  }

  /** Finished ones, newest first. */
  *finished(): Generator<Task> {
    for (let at = this.#finished.length - 1; at >= 0; at--) {
      const task = this.#finished[at];
      if (task !== undefined) yield task;
    }
  }

  #identity(order: Order): { upid: string; pid: number; pstart: number; startedAt: Instant } {
    const startedAt = this.#time.now();
    const pid = ++this.#lastPid;
    const pstart = Math.floor(startedAt / 10) % 0x7fffffff;
    const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0");
    const { node, type, id, token } = order;
    const upid = `UPID:${node}:${hex(pid)}:${hex(pstart)}:${hex(Math.floor(startedAt / 1000))}:${type}:${id}:${token}:`;
    return { upid, pid, pstart, startedAt };
  }

  #pass(ms: Ms, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        callOff();
        reject(new Interrupted());
      };
      const callOff = this.#time.after(ms, () => {
        signal.removeEventListener("abort", stop);
        resolve();
      });
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    });
  }

  #end(task: Task, message: string): void {
    const status = message.split("\n")[0] ?? "";
    task.log.push(status === "OK" || status.startsWith("WARNINGS: ") ? `TASK ${status}` : `TASK ERROR: ${status}`);
    task.end = { at: this.#time.now(), status };
    this.#running.delete(task.upid);
    this.#finished.push(task);
    if (this.#finished.length < 2 * remembered) return;
    for (const old of this.#finished.slice(0, remembered)) this.#known.delete(old.upid);
    this.#finished = this.#finished.slice(remembered);
  }
}

/** Only a privilege that is missing keeps its status. */
function spelled(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof Refusal && error.status === 403 ? `403 ${error.message}` : error.message;
}
