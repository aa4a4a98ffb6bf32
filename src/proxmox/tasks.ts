import { DispatcherError, hasCode, messageOf } from "../domain/errors.ts";
import type { NodeName, Upid } from "../domain/ids.ts";
import { type Clock, type Instant, type Ms, spell } from "../domain/time.ts";
import type { ActiveTask, ProxmoxClient } from "./client.ts";
import { Overdue, withDeadline } from "./deadline.ts";
import { remedyForStorage } from "./errors.ts";
import { remedyForTask } from "./privilege.ts";
import { Rounds } from "./rounds.ts";
import { nodeOfTask } from "./upid.ts";

/** A task that has ended has not thereby succeeded. `log` is the end of its log. */
export type TaskOutcome =
  | { readonly kind: "ok" }
  | { readonly kind: "warned"; readonly log: readonly string[] }
  | { readonly kind: "failed"; readonly exitStatus: string; readonly log: readonly string[] };

export interface AwaitOptions {
  /** How long to wait from now on: a duration, not a point in time. Passing it throws `timeout`; the task goes on. */
  readonly deadline: Ms;
  readonly signal: AbortSignal;
}

export interface Tasks {
  outcome(upid: Upid, options: AwaitOptions): Promise<TaskOutcome>;
  /** Resolves for a task that is done, with or without warnings; throws `task_failed`, worded `<what>: <exit status>`, with the grant that mends it. */
  finish(upid: Upid, what: string, options: AwaitOptions): Promise<void>;
  /** What runs on the node, from a list that was asked for after this call. */
  active(node: NodeName, signal: AbortSignal): Promise<readonly ActiveTask[]>;
}

type TaskClient = Pick<ProxmoxClient, "activeTasks" | "taskStatus" | "taskLog">;

export function createTasks(client: TaskClient, clock: Clock): Tasks {
  const lists = new Map<NodeName, Rounds<readonly ActiveTask[]>>();
  const newest = new Map<NodeName, Instant>();

  function active(node: NodeName, signal: AbortSignal): Promise<readonly ActiveTask[]> {
    const rounds = lists.get(node) ?? newRounds(node);
    lists.set(node, rounds);
    return rounds.next(signal);
  }

  function newRounds(node: NodeName): Rounds<readonly ActiveTask[]> {
    return new Rounds(
      (cut) => client.activeTasks(node, cut),
      clock,
      () => betweenLists(clock.now() - (newest.get(node) ?? Number.NEGATIVE_INFINITY)),
    );
  }

  /** Null while it runs, and while nobody can tell. */
  async function look(upid: Upid, signal: AbortSignal): Promise<TaskOutcome | null> {
    const list = await active(nodeOfTask(upid), signal);
    if (list.some((task) => task.upid === upid)) return null;
    // It has ended, or this list was too early for it: only the task itself knows.
    const status = await client.taskStatus(upid, signal);
    return status.kind === "running" ? null : outcomeOf(client, upid, status.exitStatus, signal);
  }

  async function outcome(upid: Upid, { deadline, signal }: AwaitOptions): Promise<TaskOutcome> {
    let silence: unknown = null;
    newest.set(nodeOfTask(upid), clock.now());
    const ended = async (cut: AbortSignal): Promise<TaskOutcome> => {
      for (;;) {
        const seen = await look(upid, cut).catch((error: unknown) => {
          // The task goes on while PVE's daemons restart.
          if (!hasCode(error, "unavailable", "timeout")) throw error;
          silence = error;
          return null;
        });
        if (seen !== null) return seen;
      }
    };
    try {
      return await withDeadline(ended, { clock, deadline, signal });
    } catch (error) {
      if (!(error instanceof Overdue)) throw error;
      const doubt = silence === null ? "" : `; last silence: ${messageOf(silence)}`;
      throw new DispatcherError("timeout", `task ${upid}: no end seen within ${spell(deadline)}${doubt}`);
    }
  }

  return {
    active,
    outcome,
    async finish(upid, what, options) {
      const end = await outcome(upid, options);
      if (end.kind !== "failed") return;
      const remedy = remedyForTask(end.exitStatus, end.log) ?? remedyForStorage(end.exitStatus);
      const details = { log: end.log, ...(remedy === null ? {} : { remedy }) };
      throw new DispatcherError("task_failed", `${what}: ${end.exitStatus}`, details);
    },
  };
}

/**
 * Between the beginnings of two lists of one node, by the age of its newest task: often while that may be one of those
 * that end within a second, as a launch waits for several of them, one after another; later a tenth of its age.
 */
const betweenLists = (age: Ms): Ms => (age < 1_000 ? 100 : Math.min(Math.max(250, age / 10), 2_000));
const tailOfLog = 20;

async function outcomeOf(
  client: TaskClient,
  upid: Upid,
  exitStatus: string,
  signal: AbortSignal,
): Promise<TaskOutcome> {
  if (exitStatus === "OK") return { kind: "ok" };
  const log = await client.taskLog(upid, signal).then(
    (lines) => lines.slice(-tailOfLog),
    (error: unknown) => {
      signal.throwIfAborted();
      return [`(the log could not be read: ${messageOf(error)})`];
    },
  );
  // PVE's way to say: done, but read the log.
  if (/^WARNINGS: \d+$/.test(exitStatus)) return { kind: "warned", log };
  return { kind: "failed", exitStatus: exitStatus || "ended without an exit status", log };
}
