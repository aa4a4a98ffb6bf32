import { Buffer } from "node:buffer";
import { posix } from "node:path";
import type { Command } from "just-bash";
import { commandOf, done, failed, inherited, optionOf, parseArguments } from "./command.ts";
import { starter } from "./interpreter-gaps.ts";
import { currentProcess, currentUser } from "./process.ts";
import type { Outcome, System } from "./system.ts";
import { durationIn } from "./units.ts";

/** Programs of any Linux that the interpreter lacks. */
export function plainCommands(system: System): readonly Command[] {
  const { files, users } = system;

  /** Null when there is no such user; the group is not kept. */
  const ownerIn = (text: string): string | null => users.find(text.split(/[:.]/)[0] || currentUser())?.name ?? null;

  async function own(path: string, owner: string, recursive: boolean): Promise<void> {
    files.chown(path, owner, recursive);
  }

  return [
    commandOf(system, "chown", async (args, { cwd }) => {
      const { options, rest } = parseArguments(args, { valued: [] });
      const [who = "", ...paths] = rest;
      const owner = ownerIn(who);
      if (owner === null) return failed(`chown: invalid user: '${who}'`);
      if (currentUser() !== "root") return failed("chown: changing ownership: Operation not permitted");
      for (const path of paths.map((p) => files.resolvePath(cwd, p))) {
        if (!(await files.exists(path))) return failed(`chown: cannot access '${path}': No such file or directory`);
        await own(path, owner, options.has("-R") || options.has("--recursive"));
      }
      return done();
    }),

    commandOf(system, "install", async (args, context) => {
      const parsed = parseArguments(args.flatMap(splitFlags), {
        valued: ["-m", "--mode", "-o", "--owner", "-g", "--group", "-t"],
      });
      const mode = Number.parseInt(optionOf(parsed, "-m", "--mode") ?? "755", 8);
      const who = optionOf(parsed, "-o", "--owner");
      const owner = who === null ? currentUser() : ownerIn(who);
      if (owner === null) return failed(`install: invalid user '${who}'`);
      if (owner !== currentUser() && currentUser() !== "root")
        return failed("install: cannot change ownership: Operation not permitted");
      const paths = parsed.rest.map((path) => files.resolvePath(context.cwd, path));
      const finish = async (path: string): Promise<void> => {
        await files.chmod(path, mode);
        await own(path, owner, false);
      };
      if (parsed.options.has("-d") || parsed.options.has("--directory")) {
        for (const path of paths) {
          await files.mkdir(path, { recursive: true });
          await finish(path);
        }
        return done();
      }
      const target = paths.pop();
      if (target === undefined || paths.length === 0) return failed("install: missing file operand");
      const intoFolder = (await files.exists(target)) && (await files.stat(target)).isDirectory;
      for (const source of paths) {
        const to = intoFolder ? posix.join(target, posix.basename(source)) : target;
        if (parsed.options.has("-D")) await files.mkdir(posix.dirname(to), { recursive: true });
        const content = await contentOf(source, inherited(context).stdin ?? "");
        if (content === null) return failed(`install: cannot stat '${source}': No such file or directory`);
        await files.writeFile(to, content);
        await finish(to);
      }
      return done();
    }),

    commandOf(system, "mktemp", async (args, { cwd, env }) => {
      const parsed = parseArguments(args, { valued: ["-p", "--suffix"] });
      const folder = optionOf(parsed, "-p", "--tmpdir") || env.get("TMPDIR") || "/tmp";
      const template = parsed.rest[0] ?? posix.join(folder, "tmp.XXXXXXXXXX");
      made += 1;
      const path = files.resolvePath(
        cwd,
        template.replace(/X{3,}$/, (xs) => String(made).padStart(xs.length, "0")),
      );
      if (parsed.options.has("-d")) {
        await files.mkdir(path, { recursive: false });
        await files.chmod(path, 0o700);
      } else {
        await files.writeFile(path, "");
        await files.chmod(path, 0o600);
      }
      return done(`${path}\n`);
    }),

    commandOf(system, "timeout", async (args, context) => {
      const parsed = parseArguments(args, { valued: ["-k", "--kill-after", "-s", "--signal"], stopAtFirst: true });
      const [length = "", ...argv] = parsed.rest;
      const limit = durationIn(length);
      if (limit === null || argv.length === 0) return failed(`timeout: invalid time interval '${length}'`, 125);
      const expiry = new AbortController();
      const callOff = limit === 0 ? () => {} : system.time.after(limit, () => expiry.abort());
      const options = inherited(context);
      const stop = options.stop ? AbortSignal.any([options.stop, expiry.signal]) : expiry.signal;
      const killed = new Promise<Outcome>((resolve) => {
        const give = (): void => resolve({ stdout: "", stderr: "", exitCode: 124 });
        expiry.signal.addEventListener("abort", give, { once: true });
      });
      const outcome = await Promise.race([system.program(argv, { ...options, stop }), killed]);
      callOff();
      return expiry.signal.aborted ? { ...outcome, exitCode: 124 } : outcome;
    }),

    // Kept for the end of the script that says it; other signals never come.
    commandOf(system, "trap", (args, context) => {
      const [handler = "", ...signals] = args[0] === "--" ? args.slice(1) : args;
      const process = currentProcess();
      if (process === undefined || !signals.some((signal) => signal === "EXIT" || signal === "0")) return done();
      process.trap = handler === "-" || handler === "" ? null : { handler, env: new Map(context.env) };
      return done();
    }),

    ...["nohup", "setsid", "nice", "ionice", "stdbuf"].map((name) =>
      commandOf(system, name, (args, context) => {
        const { rest } = parseArguments(args, { valued: ["-n", "-c"], stopAtFirst: true });
        return system.program(rest, inherited(context));
      }),
    ),

    commandOf(system, starter, (args, context) => {
      const argv = args.slice(args[0] === "--" ? 1 : 0);
      return argv.length === 0 ? done() : system.program(argv, inherited(context));
    }),
    ...["bash", "sh", "dash"].map((name) => shell(name)),
    ...["hostname", "hostnamectl"].map((name) =>
      commandOf(system, name, (args) => {
        const { rest } = parseArguments(args, { valued: [] });
        const given =
          name === "hostname" ? rest[0] : rest[0] === "set-hostname" || rest[0] === "hostname" ? rest[1] : undefined;
        if (given === undefined) return done(`${system.hostname}\n`);
        if (currentUser() !== "root") return failed(`${name}: you must be root to change the host name`);
        system.hostname = given;
        return done();
      }),
    ),
    // Nothing but the emulated GitHub is out there, and nobody reads what it says.
    commandOf(system, "curl", (args) =>
      args.some((word) => /^https?:\/\/[^/]+\/[\w.-]+(\/[\w.-]+)?$/.test(word))
        ? done()
        : failed("curl: (6) Could not resolve host", 6),
    ),
    ...["wget", "ping", "ssh", "git"].map((name) =>
      commandOf(system, name, () => failed(`${name}: this emulated guest has no network`, 6)),
    ),
    ...harmless.map((name) => commandOf(system, name, () => done())),
  ];

  /** A script given by its path runs as one more process: its EXIT handler is its own. */
  function shell(name: string): Command {
    return commandOf(system, name, async (args, context) => {
      const plain = args.findIndex((word) => !/^[-+]/.test(word));
      const flags = plain < 0 ? args : args.slice(0, plain);
      const isCommand = flags.some((flag) => /^-\w*c$/.test(flag));
      const options = inherited(context);
      const path = plain < 0 ? null : files.resolvePath(context.cwd, args[plain] ?? "");
      if (isCommand) {
        const [zero = name, ...given] = args.slice(plain + 1);
        const env = { ...options.env, 0: zero };
        const set = flags.map((flag) => flag.replace("c", "")).filter((flag) => flag !== "-l");
        return system.script(words(set, given, args[plain] ?? ""), { ...options, env });
      }
      const set = flags.filter((flag) => flag !== "-l" && flag !== "--login" && flag !== "-s");
      if (path === null) return system.script(words(set, [], latin1(options.stdin ?? "")), { ...options, stdin: "" });
      if (!(await files.exists(path))) return failed(`${name}: ${args[plain]}: No such file or directory`, 127);
      const text = await files.readFile(path);
      return system.script(words(set, args.slice(plain + 1), text), { ...options, env: { ...options.env, 0: path } });
    });
  }

  async function contentOf(path: string, stdin: string): Promise<Uint8Array | null> {
    if (path === "/dev/stdin") return Buffer.from(stdin, "latin1");
    if (path === "/dev/null") return Buffer.alloc(0);
    return (await files.exists(path)) ? files.readFileBuffer(path) : null;
  }
}

let made = 0;

const harmless = [
  ...["sync", "logger", "umask", "kill", "pkill", "mount", "umount", "eject", "blkid", "modprobe", "udevadm"],
  ...["swapoff", "loginctl", "timedatectl", "hwclock", "update-ca-certificates", "usermod", "groupadd", "chgrp"],
  ...["apt-get", "apt", "dnf", "systemd-notify", "cloud-init", "ulimit", "sysctl", "passwd", "chpasswd"],
];

const latin1 = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");

/** `-dm755` says what `-d -m 755` says. */
function splitFlags(word: string): readonly string[] {
  const found = /^-([dDvC]*)([mog])(.*)$/.exec(word);
  if (found === null) return /^-[dDvC]{2,}$/.test(word) ? [...word.slice(1)].map((flag) => `-${flag}`) : [word];
  const [, flags = "", valued = "", value = ""] = found;
  return [...[...flags].map((flag) => `-${flag}`), `-${valued}`, ...(value === "" ? [] : [value])];
}

function words(flags: readonly string[], args: readonly string[], text: string): string {
  const set = flags.filter((flag) => /^[-+]\w+/.test(flag)).map((flag) => `set ${flag}\n`);
  const quoted = args.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return `set -- ${quoted}\n${set.join("")}${text}`;
}
