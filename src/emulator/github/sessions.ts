import type { Ms } from "../../domain/time.ts";
import type { Audit } from "../audit.ts";
import type { WorldTime } from "../time.ts";
import type { Board, Idler } from "./board.ts";
import { decodeJitConfig, proofIn } from "./jit-config.ts";
import type { Registry } from "./registry.ts";
import type { ListenOrder, SessionEnd } from "./runner-service.ts";
import type { Conclusion, Job, Runner } from "./state.ts";

/** The connections of runners that listen or work. */
export interface Sessions {
  listen(order: ListenOrder): Promise<SessionEnd>;
  /** The runner's record is gone: it stops listening once its job, if it has one, is over. */
  dropped(runner: Runner): void;
  /** The next time that its record goes, this runner does not hear of it, and listens on in vain. */
  deafen(runner: Runner): void;
  /** The job was cancelled, or given up. */
  over(job: Job): void;
}

interface Session {
  deleted(): void;
  deafen(): void;
  jobOver(job: Job): void;
}

export interface SessionParts {
  readonly time: WorldTime;
  readonly board: Board;
  readonly registry: Registry;
  readonly audit: Audit;
  /** How long GitHub takes to notice that a machine is gone. */
  readonly notice: () => Ms;
}

const registrationDeleted =
  "Failed to create a session. The runner registration has been deleted from the server, please re-configure. Runner registrations are automatically deleted for runners that have not connected to the service recently.";
const usedBefore = "Failed to create a session. The JIT configuration has been used before.";
const recordGone = "The runner no longer exists on the server. Cleaning up local configuration.";
const words = { success: "Succeeded", failure: "Failed", cancelled: "Canceled" } as const;

export function createSessions({ time, board, registry, audit, notice }: SessionParts): Sessions {
  const open = new Map<Runner, Session>();

  function tell(what: "opened" | "conflict" | "refused" | "ended", runner: Runner | null, order: ListenOrder): void {
    const again = what !== "ended" && runner?.credential.kind === "jit" && runner.connected;
    const who = { runnerId: runner?.id ?? null, runner: runner?.name ?? null };
    audit({ event: "session", what, again, ...who, vmid: order.vmid });
  }

  function admit(order: ListenOrder): Runner | SessionEnd {
    const { credential } = order;
    const files = credential.kind === "jit" ? decodeJitConfig(credential.config) : credential.files;
    const proof = files === null ? null : proofIn(files);
    const runner = proof === null ? null : registry.owner(proof);
    const refused = (message: string): SessionEnd => {
      tell("refused", runner, order);
      return { ended: "refused", message };
    };
    if (files === null) return refused("The JIT configuration cannot be decoded.");
    if (runner === null || !registry.runners.has(runner)) return refused(registrationDeleted);
    if (open.has(runner)) {
      tell("conflict", runner, order);
      return { ended: "conflict", message: "A session for this runner already exists." };
    }
    if (runner.connected && runner.credential.kind === "jit") return refused(usedBefore);
    if (runner.ephemeral && runner.served) return refused(registrationDeleted);
    return runner;
  }

  function serve(runner: Runner, order: ListenOrder): Promise<SessionEnd> {
    return new Promise((resolve) => {
      let working: Job | null = null;
      let callOff = () => {};
      /** `gone`: the machine is off, and GitHub does not know yet. `deaf`: the record is, and the runner does not. */
      let state: "live" | "gone" | "deaf" | "ended" = "live";
      let hears = true;

      function close(): void {
        state = "ended";
        callOff();
        board.withdraw(idler);
        if (open.get(runner) === session) open.delete(runner);
        registry.setOnline(runner, false);
      }

      function leave(result: SessionEnd): void {
        order.off.removeEventListener("abort", lost);
        order.stop?.removeEventListener("abort", stopped);
        tell("ended", runner, order);
        resolve(result);
      }

      function end(result: SessionEnd): void {
        if (state === "ended" || state === "gone") return;
        close();
        if (result.ended !== "off") registry.setJob(runner, null);
        leave(result);
      }

      const idler: Idler = {
        runner,
        vmid: order.vmid,
        gone: () => state === "gone",
        take(job) {
          registry.setJob(runner, job);
          if (state !== "live") return;
          working = job;
          void work(job);
        },
        forgo(job) {
          if (runner.job === job) registry.setJob(runner, null);
        },
      };

      async function work(job: Job): Promise<void> {
        const willing = (await order.hooks?.started(job.id)) ?? true;
        if (working !== job) return;
        if (!willing) return void finish(job, "failure");
        const { durationMs, timeoutMs, outcome } = job;
        callOff =
          durationMs <= timeoutMs
            ? time.after(durationMs, () => void finish(job, outcome))
            : time.after(timeoutMs, () => void board.cancel(job.id));
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
        registry.setJob(runner, null);
        if (!runner.ephemeral && registry.runners.has(runner)) {
          board.offer(idler);
          return;
        }
        end({ ended: "job", job: job.id, name: job.name, result: words[conclusion] });
        registry.remove(runner, "served");
      }

      function lost(): void {
        const job = working;
        working = null;
        if (job !== null) board.lose(job);
        const ms = notice();
        if (state !== "live" || ms === 0) {
          end({ ended: "off" });
          return;
        }
        state = "gone";
        callOff();
        leave({ ended: "off" });
        time.after(ms, () => state === "gone" && close());
      }

      function stopped(): void {
        if (working !== null) board.cancel(working.id);
        end({ ended: "stopped" });
      }

      const session: Session = {
        deleted() {
          if (working !== null) return;
          if (state === "gone") close();
          else if (hears) end({ ended: "deleted", message: recordGone });
          else {
            state = "deaf";
            board.withdraw(idler);
            open.delete(runner);
          }
        },
        deafen() {
          hears = false;
        },
        jobOver(job) {
          if (working !== job) {
            idler.forgo(job);
            return;
          }
          callOff();
          void (async () => {
            await order.hooks?.completed(job.id);
            if (working === job) release(job, "cancelled");
          })();
        },
      };

      order.off.addEventListener("abort", lost);
      order.stop?.addEventListener("abort", stopped);
      tell("opened", runner, order);
      registry.setOnline(runner, true);
      open.set(runner, session);
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

    dropped: (runner) => open.get(runner)?.deleted(),
    deafen: (runner) => open.get(runner)?.deafen(),

    over(job) {
      // A runner whose record is gone may still be at it.
      for (const runner of new Set([...open.keys(), ...registry.runners])) {
        if (runner.job !== job) continue;
        const session = open.get(runner);
        if (session === undefined) registry.setJob(runner, null);
        else session.jobOver(job);
      }
    },
  };
}
