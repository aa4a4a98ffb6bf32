import type { Command } from "just-bash";
import { commandOf, done, failed } from "./command.ts";
import { currentUser } from "./process.ts";
import type { System } from "./system.ts";

/** Ways to turn the machine off. A restart is one too many for a throw-away guest: it is noted and not done. */
export function powerCommands(system: System): readonly Command[] {
  return [
    ...["poweroff", "halt", "shutdown"].map((name) =>
      commandOf(system, name, (args) => {
        if (currentUser() !== "root") return failed(`${name}: Interactive authentication required.`);
        if (name === "shutdown" && args.includes("-c")) return done();
        if (name === "shutdown" && args.includes("-r")) return restart();
        system.powerOff();
        return done();
      }),
    ),
    commandOf(system, "reboot", () => restart()),
  ];

  function restart() {
    system.note("asks for a restart, which this guest does not do");
    return done();
  }
}
