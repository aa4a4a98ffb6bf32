import type { Command } from "just-bash";
import { commandOf, done, failed, inherited, optionOf, type Parsed, parseArguments } from "./command.ts";
import { currentUser } from "./process.ts";
import type { Outcome, ProcessOptions, System } from "./system.ts";
import type { User } from "./users.ts";

/** Who one is, and how to become someone else. */
export function identityCommands(system: System): readonly Command[] {
  const { users } = system;

  /** Starts work as another user, with a fresh login's environment or with the caller's. */
  function become(user: User, options: ProcessOptions, fresh: boolean): ProcessOptions {
    const login = system.login(user.name);
    return fresh
      ? { ...options, user: user.name, env: login, cwd: user.home }
      : { ...options, user: user.name, env: { ...options.env, HOME: login.HOME ?? "/" } };
  }

  function runCommandOr(argv: readonly string[], parsed: Parsed, options: ProcessOptions): Promise<Outcome> | Outcome {
    const text = optionOf(parsed, "-c", "--command");
    if (text !== null) return system.script(text, options);
    return argv.length === 0 ? done() : system.program(argv, options);
  }

  const rootOnly = (name: string): Outcome => failed(`${name}: may not be used by non-root users`);

  return [
    commandOf(system, "su", (args, context) => {
      if (currentUser() !== "root") return failed("su: Authentication failure");
      const parsed = parseArguments(args, { valued: ["-c", "--command", "-s", "--shell", "-g", "-G", "-w"] });
      const fresh = parsed.rest[0] === "-" || parsed.options.has("-l") || parsed.options.has("--login");
      const [name = "root", ...words] = parsed.rest[0] === "-" ? parsed.rest.slice(1) : parsed.rest;
      const user = users.find(name);
      if (user === null)
        return failed(`su: user ${name} does not exist or the user entry does not contain all the required fields`);
      const argv = words.length === 0 ? [] : ["bash", ...words];
      return runCommandOr(argv, parsed, become(user, inherited(context), fresh));
    }),

    commandOf(system, "runuser", (args, context) => {
      if (currentUser() !== "root") return rootOnly("runuser");
      const direct = args.includes("-u") || args.some((word) => word.startsWith("--user"));
      const parsed = parseArguments(args, {
        valued: ["-u", "--user", "-c", "--command", "-s", "--shell", "-g", "-G", "-w"],
        stopAtFirst: direct,
      });
      if (direct) {
        const name = optionOf(parsed, "-u", "--user") ?? "";
        const user = users.find(name);
        if (user === null) return failed(`runuser: user ${name} does not exist`);
        return runCommandOr(parsed.rest, parsed, { ...inherited(context), user: user.name });
      }
      const fresh = parsed.rest[0] === "-" || parsed.options.has("-l") || parsed.options.has("--login");
      const [name = "root"] = parsed.rest[0] === "-" ? parsed.rest.slice(1) : parsed.rest;
      const user = users.find(name);
      if (user === null) return failed(`runuser: user ${name} does not exist`);
      return runCommandOr([], parsed, become(user, inherited(context), fresh));
    }),

    // As on runner images: everyone may, without a password; the environment starts anew.
    commandOf(system, "sudo", (args, context) => {
      const parsed = parseArguments(args, { valued: ["-u", "--user", "-g", "-C", "-D", "-p"], stopAtFirst: true });
      const name = (optionOf(parsed, "-u", "--user") ?? "root").replace(/^#/, "");
      const user = users.find(name);
      if (user === null) return failed(`sudo: unknown user ${name}`);
      const first = parsed.rest.findIndex((word) => !/^\w+=/.test(word));
      const given = first < 0 ? parsed.rest : parsed.rest.slice(0, first);
      const argv = first < 0 ? [] : parsed.rest.slice(first);
      const options = inherited(context);
      const kept = parsed.options.has("-E") || parsed.options.has("--preserve-env") ? options.env : {};
      const env = { ...kept, ...system.login(user.name), ...Object.fromEntries(given.map(assignment)) };
      const fresh = parsed.options.has("-i") ? { cwd: user.home } : {};
      return argv.length === 0 ? done() : system.program(argv, { ...options, ...fresh, user: user.name, env });
    }),

    commandOf(system, "setpriv", (args, context) => {
      const valued = ["--reuid", "--regid", "--ruid", "--euid", "--groups", "--bounding-set", "--inh-caps"];
      const parsed = parseArguments(args, { valued, stopAtFirst: true });
      const name = optionOf(parsed, "--reuid") ?? currentUser();
      const user = users.find(name);
      if (user === null) return failed(`setpriv: failed to parse reuid: ${name}`);
      if (currentUser() !== "root" && currentUser() !== user.name) {
        return failed("setpriv: setresuid failed: Operation not permitted");
      }
      const options = { ...inherited(context), user: user.name };
      const env = parsed.options.has("--reset-env") ? system.login(user.name) : options.env;
      return parsed.rest.length === 0 ? done() : system.program(parsed.rest, { ...options, env });
    }),

    commandOf(system, "id", (args) => {
      const { options, rest } = parseArguments(args, { valued: [] });
      const who = rest[0] ?? currentUser();
      const user = users.find(who);
      if (user === null) return failed(`id: '${who}': no such user`);
      const flags = [...options.keys()].join("");
      if (flags.includes("n")) return done(`${user.name}\n`);
      if (/[ugG]/.test(flags)) return done(`${user.uid}\n`);
      return done(`uid=${user.uid}(${user.name}) gid=${user.uid}(${user.name}) groups=${user.uid}(${user.name})\n`);
    }),

    commandOf(system, "whoami", () => done(`${currentUser()}\n`)),

    commandOf(system, "getent", ([database, key]) => {
      const user = key === undefined ? null : users.find(key);
      if (database !== "passwd" && database !== "group") return failed(`Unknown database: ${database}`);
      if (user === null) return { stdout: "", stderr: "", exitCode: 2 };
      return done(`${user.name}:x:${user.uid}:${user.uid}::${user.home}:/bin/bash\n`);
    }),

    ...["useradd", "adduser"].map((name) =>
      commandOf(system, name, async (args) => {
        if (currentUser() !== "root") return failed(`${name}: Permission denied.`);
        const valued = [
          "-d",
          "--home-dir",
          "-s",
          "--shell",
          "-g",
          "--gid",
          "-G",
          "--groups",
          "-u",
          "--uid",
          "-c",
          "--comment",
          "--gecos",
          "--home",
        ];
        const user = parseArguments(args, { valued }).rest[0];
        if (user === undefined) return failed(`${name}: no user name given`, 2);
        if (users.find(user) !== null) return failed(`${name}: user '${user}' already exists`, 9);
        const { home } = users.add(user);
        await system.files.mkdir(home, { recursive: true });
        system.files.chown(home, user, true);
        return done();
      }),
    ),
  ];
}

function assignment(word: string): [string, string] {
  const at = word.indexOf("=");
  return [word.slice(0, at), word.slice(at + 1)];
}
