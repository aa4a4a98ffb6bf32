import { DispatcherError } from "../domain/errors.ts";
import { lastWords, type RunProgram } from "./program.ts";

/** `failed` also stands for a service that ended and is about to be started again. */
export type ServiceState = "active" | "starting" | "stopping" | "failed" | "inactive";

export interface Service {
  state(): Promise<ServiceState>;
  /** Asks for it and does not wait: whoever asked may end, the restart comes all the same. */
  restart(): Promise<void>;
  /** Ends it at once, without its grace. */
  kill(): Promise<void>;
}

export function systemdService(unit: string, run: RunProgram): Service {
  const systemctl = async (...args: readonly string[]): Promise<string> => {
    const ended = await run("systemctl", args);
    if (ended.code === 0) return ended.out;
    throw new DispatcherError("unavailable", `systemctl ${args.join(" ")}: ${lastWords(ended)}`);
  };
  return {
    async state() {
      const shown = await systemctl("show", "--property=ActiveState,SubState", unit);
      const value = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(shown)?.[1] ?? "";
      return value("SubState") === "auto-restart" ? "failed" : (states[value("ActiveState")] ?? "inactive");
    },
    async restart() {
      await systemctl("restart", "--no-block", unit);
    },
    async kill() {
      // Nothing to kill is what is wanted.
      await systemctl("kill", "--signal=SIGKILL", unit).catch(() => {});
    },
  };
}

const states: Readonly<Record<string, ServiceState>> = {
  active: "active",
  reloading: "active",
  activating: "starting",
  deactivating: "stopping",
  failed: "failed",
};
