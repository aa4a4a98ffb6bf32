import type { WorldTime } from "../time.ts";
import type { Board, Idler } from "./board.ts";
import { decodeJitConfig, proofIn } from "./jit-config.ts";
import type { Registry } from "./registry.ts";
import type { ListenOrder, SessionEnd } from "./runner-service.ts";
import type { Conclusion, Job, Runner } from "./state.ts";

/** The connections of runners that listen or work. */
export interface Sessions {
  listen(order: ListenOrder): Promise<SessionEnd>;
  /** The runner's record is gone: it stops listening. */
  dropped(runner: Runner): void;
  /** The job was cancelled, or given up. */
  over(job: Job): void;
}

interface Session {
  deleted(): void;
  jobOver(job: Job): void;
}

const registrationDeleted =
  "Failed to create a session. The runner registration has been deleted from the server, please re-configure. Runner registrations are automatically deleted for runners that have not connected to the service recently.";
const recordGone = "The runner no longer exists on the server. Cleaning up local configuration.";

export function createSessions(parts: { time: WorldTime; board: Board; registry: Registry }): Sessions {
  const { time, board, registry } = parts;
  const open = new Map<Runner, Session>();

  function admit(order: ListenOrder): Runner | SessionEnd {
    const { credential } = order;
    const files = credential.kind === "jit" ? decodeJitConfig(credential.config) : credential.files;
    if (files === null) return { ended: "refused", message: "The JIT configuration cannot be decoded." };
    const proof = proofIn(files);
    const runner = proof === null ? null : registry.proven(proof);
    if (runner === null) return { ended: "refused", message: registrationDeleted };
    if (open.has(runner)) return { ended: "conflict", message: "A session for this runner already exists." };
    if (runner.connected && runner.credential.kind === "jit") {
      return { ended: "refused", message: "Failed to create a session. The JIT configuration has been used before." };
    }
    return runner;
  }

  function serve(runner: Runner, order: ListenOrder): Promise<SessionEnd> {
    return new Promise((resolve) => {
      let working: Job | null = null;
      let callOff = () => {};
      let ended = false;

      function end(result: SessionEnd): void {
        if (ended) return;
        ended = true;
        callOff();
        board.withdraw(idler);
        open.delete(runner);
        order.off.removeEventListener("abort", lost);
        order.stop?.removeEventListener("abort", stopped);
        registry.setOnline(runner, false);
        if (result.ended !== "off") runner.job = null;
        resolve(result);
      }

      const idler: Idler = {
        runner,
        vmid: order.vmid,
        take(job) {
          working = job;
          void work(job);
        },
      };

      async function work(job: Job): Promise<void> {
        const willing = (await order.hooks?.started(job.id)) ?? true;
        if (working !== job) return;
        if (!willing) return void finish(job, "failure");
        callOff = time.after(job.durationMs, () => void finish(job, job.outcome));
      }

      async function finish(job: Job, conclusion: Conclusion): Promise<void> {
        // The hook runs before the job is over, as the runner software has it.
        await order.hooks?.completed(job.id);
        if (working !== job) return;
        board.complete(job, conclusion);
        release(job, conclusion);
      }

      function release(job: Job, conclusion: Conclusion): void {
        working = null;
        runner.job = null;
        if (!runner.ephemeral) {
          board.offer(idler);
          return;
        }
        const words = { success: "Succeeded", failure: "Failed", cancelled: "Canceled" } as const;
        end({ ended: "job", job: job.id, name: job.name, result: words[conclusion] });
        registry.remove(runner);
      }

      function lost(): void {
        const job = working;
        working = null;
        if (job !== null) board.lose(job);
        end({ ended: "off" });
      }

      function stopped(): void {
        if (working !== null) board.cancel(working.id);
        end({ ended: "stopped" });
      }

      order.off.addEventListener("abort", lost);
      order.stop?.addEventListener("abort", stopped);
      registry.setOnline(runner, true);
      runner.connected = true;
      open.set(runner, {
        deleted: () => end({ ended: "deleted", message: recordGone }),
        jobOver(job) {
          if (working !== job) return;
          callOff();
          void (async () => {
            await order.hooks?.completed(job.id);
            if (working === job) release(job, "cancelled");
          })();
        },
      });
      board.offer(idler);
    });
  }

  return {
    async listen(order) {
      if (order.off.aborted) return { ended: "off" };
      if (order.stop?.aborted) return { ended: "stopped" };
      const admitted = admit(order);
      return "ended" in admitted ? admitted : serve(admitted, order);
    },

    dropped(runner) {
      open.get(runner)?.deleted();
    },

    over(job) {
      for (const runner of registry.runners) {
        if (runner.job !== job) continue;
        const session = open.get(runner);
        if (session === undefined) runner.job = null;
        else session.jobOver(job);
      }
    },
  };
}
