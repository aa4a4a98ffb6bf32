import { posix } from "node:path";
import type { Ms } from "../../domain/time.ts";
import type { Audit } from "../audit.ts";
import type { RunnerService } from "../github/runner-service.ts";
import type { Boot, GuestSystem, Machine } from "../machine.ts";
import type { WorldTime } from "../time.ts";
import { cloudInit } from "./cloud-init.ts";
import { type Durations, lifelike } from "./durations.ts";
import type { Images } from "./images.ts";
import { startUp } from "./startup.ts";
import { createSystem } from "./system.ts";

export interface GuestOptions {
  readonly runners: RunnerService;
  readonly time: WorldTime;
  readonly audit: Audit;
  readonly images: Images;
  /** Those that differ from a usual guest's. */
  readonly durations?: Partial<Durations>;
}

/** Switches emulated machines on: each has its own files and its own shell, and none can reach this host. */
export function createGuests(options: GuestOptions): Boot {
  const { runners, time, images } = options;
  const durations = { ...lifelike, ...options.durations };

  return (machine) => {
    const { vmid } = machine;
    const note = (what: string): void => options.audit({ event: "guest", vmid, what });
    const image = images[machine.image];
    if (image === undefined) note(`its disk holds no image that this world knows: ${machine.image}`);
    if (!image?.boots) return silent;
    const system = createSystem({ machine, image, time, durations, runners, note });
    let agentRuns = false;

    later(machine, Math.min(durations.agent, durations.boot), () => {
      startUp(system).catch((error: unknown) => note(`its start broke off: ${String(error)}`));
    });
    if (image.agent) {
      later(machine, durations.agent, () => {
        agentRuns = true;
      });
    }
    later(machine, durations.boot, () => {
      cloudInit(system).catch((error: unknown) => note(`cloud-init broke off: ${String(error)}`));
    });

    return {
      agentAnswers: () => agentRuns && !machine.off.aborted,

      async readFile(path) {
        return (await system.files.exists(path)) ? system.files.readFileBuffer(path) : null;
      },

      async writeFile(path, content) {
        const { files } = system;
        if (!(await files.exists(posix.dirname(path)))) return false;
        const isNew = !(await files.exists(path));
        await files.writeFile(path, content);
        // The agent makes files that everyone may write; those that exist keep their mode.
        if (isNew) await files.chmod(path, 0o666);
        system.services.notice();
        return true;
      },
    };
  };

  function later(machine: Machine, ms: Ms, work: () => void): void {
    const callOff = time.after(ms, () => {
      machine.off.removeEventListener("abort", callOff);
      if (!machine.off.aborted) work();
    });
    machine.off.addEventListener("abort", callOff, { once: true });
  }
}

const silent: GuestSystem = {
  agentAnswers: () => false,
  readFile: async () => null,
  writeFile: async () => false,
};
