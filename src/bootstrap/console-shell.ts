import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";
import { type Clock, MINUTE, type Ms, SECOND, spell } from "../domain/time.ts";
import type { Console } from "../proxmox/console.ts";
import { Screen } from "./screen.ts";
import type { Shell } from "./shell.ts";

export interface ConsoleShellOptions {
  readonly clock: Clock;
  readonly console: Console;
  /** Null: the console asks nobody who he is. */
  readonly password: Secret | null;
  /** Never seen before in what the terminal prints. */
  readonly nonce: string;
}

/** Types at a container's console what a person would: logs in, leaves the interactive shell, and goes on without echo. */
export async function openConsoleShell(options: ConsoleShellOptions, signal: AbortSignal): Promise<Shell> {
  const { clock, console, password, nonce } = options;
  const screen = new Screen(console.output, clock);
  const until = (pattern: RegExp, deadline: Ms) => screen.until(pattern, deadline, signal);
  let count = 0;

  async function exec(script: string, deadline: Ms) {
    const mark = `${nonce}-${++count}`;
    // In two pieces: the terminal may still echo this line.
    typeAll(console, `(\n${script}\n) </dev/null 2>&1\nprintf '\\n%s%s %s\\n' '${mark}' ':end' "$?"\n`);
    const { before, found } = await until(new RegExp(`\n${mark}:end (\\d+)\n`), deadline);
    return { code: Number(found[1]), output: before };
  }

  try {
    await logIn(console, until, password);
    console.type(`unset HISTFILE; exec env -i ${environment} /bin/sh\r`);
    // What is typed while one shell makes way for the other may be lost.
    await until(/[#$] $/, MINUTE);
    await quieten(console, until, nonce);
    return {
      exec: (script, deadline) => exec(script, deadline),
      async close() {
        // The proxy keeps a session: nobody shall find root's shell in it.
        console.type("exit\n");
        await clock.sleep(lastWords).catch(() => {});
        console.close();
      },
    };
  } catch (error) {
    console.close();
    throw error;
  }
}

type Until = (pattern: RegExp, deadline: Ms) => Promise<{ readonly found: RegExpExecArray }>;

async function logIn(console: Console, until: Until, password: Secret | null): Promise<void> {
  const asked = await prompted(console, until);
  if (asked === "shell") return;
  if (password === null)
    throw new DispatcherError("unauthorized", "console: it asks for a login where none was expected");
  console.type("root\r");
  // Before this is printed, what is typed would be thrown away.
  await until(/assword: ?$/, MINUTE);
  console.type(`${password.reveal()}\r`);
  const { found } = await until(/([#$]) $|incorrect/, MINUTE);
  if (found[1] === undefined) {
    throw new DispatcherError("unauthorized", "console: root's password from the creation was refused");
  }
}

async function quieten(console: Console, until: Until, nonce: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    console.type(`stty -echo; PS1= PS2=; printf '%s%s\\n' '${nonce}' ':quiet'\r`);
    try {
      await until(new RegExp(`${nonce}:quiet\n`), 10 * SECOND);
      return;
    } catch (error) {
      if (tries === 6 || !hasCode(error, "timeout")) throw error;
    }
  }
}

/** A terminal shows nothing of what it printed before: it is asked until it answers. */
async function prompted(console: Console, until: Until): Promise<"login" | "shell"> {
  for (let tries = 0; tries < 60; tries++) {
    console.type("\r");
    try {
      const { found } = await until(/(login: ?)$|[#$] $/, 2 * SECOND);
      return found[1] === undefined ? "shell" : "login";
    } catch (error) {
      if (!hasCode(error, "timeout")) throw error;
    }
  }
  throw new DispatcherError("timeout", `console: no prompt within ${spell(2 * MINUTE)}`, {
    remedy: "look at the container's console; another template may start no login there",
  });
}

/** The terminal's proxy takes a message only whole, into a buffer of a few KiB. */
function typeAll(console: Console, text: string): void {
  for (let at = 0; at < text.length; at += perMessage) console.type(text.slice(at, at + perMessage));
}

const perMessage = 1000;
const lastWords: Ms = 200;
const environment =
  "HOME=/root TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
