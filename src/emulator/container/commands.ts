import { type CustomCommand, defineCommand } from "just-bash";
import type { Root } from "./root.ts";

const done = (stdout = "") => ({ stdout, stderr: "", exitCode: 0 });
const failed = (stderr: string, exitCode = 1) => ({ stdout: "", stderr: `${stderr}\n`, exitCode });
const unit = "/usr/lib/systemd/system/dispatcher.service";
const environment = "/etc/dispatcher/dispatcher.env";

/** Programs that a fresh Debian has and the interpreter lacks, as far as an installation can tell. */
export function commandsOf(root: Root): CustomCommand[] {
  const { files } = root;
  const quiet = ["chown", "chgrp", "umask", "ssh-keygen", "useradd", "deb-systemd-helper", "pkill"];
  return [
    ...quiet.map((name) => defineCommand(name, async () => done())),
    defineCommand("getent", async ([, name = ""]) => done(`192.0.2.1 ${name}\n`)),
    defineCommand("id", async () => done("0\n")),
    defineCommand("sync", async () => done()),

    defineCommand("stty", async (args) => {
      for (const word of args)
        if (root.terminal !== null && /^-?echo$/.test(word)) root.terminal.echo = word === "echo";
      return done();
    }),

    defineCommand("passwd", async (args) => {
      if (args[0] === "-l") root.locked = true;
      return done("passwd: password changed.\n");
    }),

    defineCommand("apt-get", async (args) => {
      if (args.includes("install")) return install(args.filter((word) => /^[a-z/]/.test(word) && word !== "install"));
      return done("Reading package lists... Done\n");
    }),

    defineCommand("dpkg-query", async (args) => {
      const name = args.at(-1) ?? "";
      return root.packages.has(name)
        ? done("install ok installed")
        : failed(`dpkg-query: no packages found matching ${name}`);
    }),

    defineCommand("systemctl", async (args) => {
      const words = args.filter((word) => !word.startsWith("-"));
      const [verb = "", ...names] = words;
      if (verb === "daemon-reload" || verb === "is-system-running" || verb === "reset-failed") return done();
      if (names.length > 0 && !(await files.exists(unit))) return failed(`Unit ${names[0]}.service not found.`, 5);
      if (verb === "enable") root.enabled = true;
      if (verb === "start" || verb === "restart" || args.includes("--now")) {
        root.active = (await files.exists(environment)) && root.packages.has("nodejs");
        if (!root.active)
          return failed(`Job for ${names[0]}.service failed because the control process exited with error code.`);
      }
      if (verb === "stop" || verb === "disable") root.active = false;
      if (verb === "is-active") return root.active ? done("active\n") : { ...done("inactive\n"), exitCode: 3 };
      return done();
    }),

    defineCommand("journalctl", async () => done()),

    // The daemon's health is asked with a line of JavaScript.
    defineCommand("node", async (args) => {
      if (!root.packages.has("nodejs")) return failed("sh: node: not found", 127);
      if (!args.includes("-e")) return done();
      const folder = "/etc/dispatcher/credentials";
      const secrets = await Promise.all(
        [`${folder}/proxmox_token_secret`, `${folder}/github_token`].map((path) => root.text(path)),
      );
      const isWhole =
        secrets.every((secret) => secret !== null) && ((await root.text(environment)) ?? "").includes("PROXMOX_URL=");
      return root.active && isWhole ? done("200\n") : failed("503");
    }),
  ];

  async function install(names: readonly string[]) {
    for (const name of names) {
      if (!name.startsWith("/")) {
        root.packages.add(name);
        continue;
      }
      if (!(await files.exists(name))) return failed(`E: Unsupported file ${name} given on commandline`, 100);
      root.packages.add("nodejs");
      root.packages.add("dispatcher");
      await files.mkdir("/etc/dispatcher/credentials", { recursive: true });
      await files.writeFile(unit, "[Service]\nExecStart=/usr/bin/dispatcher run\n");
    }
    return done(`Setting up ${names.join(", ")} ...\n`);
  }
}
