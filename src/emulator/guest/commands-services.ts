import type { Command } from "just-bash";
import { commandOf, done, failed, optionOf, parseArguments } from "./command.ts";
import { currentUser } from "./process.ts";
import { unitName } from "./services.ts";
import type { Outcome, System } from "./system.ts";
import { durationIn } from "./units.ts";

const readers = ["is-active", "is-enabled", "status", "show", "cat", "list-units", "is-system-running"];
const offTargets = ["poweroff.target", "halt.target"];

/** `systemctl`, and of `systemd-run` its timers. */
export function serviceCommands(system: System): readonly Command[] {
  const { services } = system;

  async function start(names: readonly string[], wait: boolean): Promise<Outcome> {
    for (const name of names) {
      if (offTargets.includes(unitName(name))) {
        system.powerOff();
        continue;
      }
      const started = await services.start(name, wait);
      if (!started.ok) {
        system.note(`systemctl start ${name}: ${started.why}`);
        return failed(started.why, started.why.endsWith("not found.") ? 5 : 1);
      }
    }
    return done();
  }

  async function enable(names: readonly string[]): Promise<Outcome> {
    for (const name of names) {
      if (await services.exists(name)) continue;
      system.note(`systemctl enable ${name}: there is no such unit`);
      return failed(`Failed to enable unit: Unit file ${unitName(name)} does not exist.`);
    }
    return done();
  }

  return [
    commandOf(system, "systemctl", async (args) => {
      const { options, rest } = parseArguments(args, { valued: ["-t", "-p", "--job-mode"] });
      const [verb = "", ...names] = rest;
      if (currentUser() !== "root" && !readers.includes(verb)) {
        return failed(`Failed to ${verb} ${names.join(" ")}: Interactive authentication required.`);
      }
      const wait = !options.has("--no-block");
      switch (verb) {
        case "start":
        case "isolate":
          return start(names, wait);
        case "restart":
          for (const name of names) services.stop(name);
          return start(names, wait);
        case "stop":
          for (const name of names) services.stop(name);
          return done();
        case "enable": {
          const enabled = await enable(names);
          return enabled.exitCode === 0 && options.has("--now") ? start(names, wait) : enabled;
        }
        case "poweroff":
        case "halt":
          system.powerOff();
          return done();
        case "is-active":
          return names.every((name) => services.active(name))
            ? done("active\n")
            : { ...failed("", 3), stdout: "inactive\n" };
        case "is-system-running":
          return done("running\n");
        case "daemon-reload":
        case "disable":
        case "mask":
        case "unmask":
        case "reset-failed":
        case "set-property":
        case "status":
        case "show":
          return done();
        default:
          return failed(`Unknown command verb '${verb}'.`);
      }
    }),

    commandOf(system, "systemd-run", (args) => {
      if (currentUser() !== "root") return failed("Failed to start transient timer unit: Access denied");
      const parsed = parseArguments(args, { valued: ["--on-active", "--unit", "-u"], stopAtFirst: true });
      const after = durationIn(optionOf(parsed, "--on-active") ?? "");
      if (after === null) return failed("systemd-run: this emulated guest knows --on-active= alone");
      const { off } = system.machine;
      const callOff = system.time.after(after, () => {
        off.removeEventListener("abort", callOff);
        void system.program(parsed.rest, { user: "root", env: system.login("root"), cwd: "/" });
      });
      off.addEventListener("abort", callOff, { once: true });
      return done();
    }),
  ];
}
