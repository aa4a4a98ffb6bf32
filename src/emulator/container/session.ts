import type { Bash } from "just-bash";
import type { Keyboard } from "../container.ts";
import { LineDiscipline } from "./line-discipline.ts";
import type { Root } from "./root.ts";

/** Somebody at the console: login, root's shell, and the plain shell that it may turn itself into. */
export function session(root: Root, bash: Bash, mode: "tty" | "shell", print: (bytes: Uint8Array) => void): Keyboard {
  const say = (text: string): void => print(Buffer.from(text.replaceAll(/\r?\n/g, "\r\n")));
  const login = `\n${root.hostname} login: `;
  let at: "login" | "password" | "bash" | "plain" = "login";
  let user = "";
  const typed = new Typed();
  let busy: Promise<void> = Promise.resolve();
  let gone = false;
  const terminal = new LineDiscipline(say, (line) => {
    busy = busy.then(() => heard(line)).catch((error: unknown) => say(`${String(error)}\n`));
  });

  function enter(): void {
    at = "bash";
    terminal.echo = true;
    say(`root@${root.hostname}:~# `);
  }

  async function heard(line: string): Promise<void> {
    if (gone) return;
    if (at === "login") {
      user = line.trim();
      if (user === "") return say(login);
      at = "password";
      terminal.echo = false;
      say("Password: ");
    } else if (at === "password") {
      say("\n");
      terminal.echo = true;
      if (root.logsIn(user, line)) return enter();
      at = "login";
      say(`Login incorrect\n${login}`);
    } else await command(line);
  }

  async function command(line: string): Promise<void> {
    if (at === "bash" && root.keepsHistory && line.trim() !== "") root.history.push(line);
    const text = typed.add(line);
    if (text === null) return;
    if (/\bunset HISTFILE\b/.test(text)) root.keepsHistory = false;
    if (/\bexec\b.*\/bin\/sh\b/.test(text)) {
      at = "plain";
      return say("# ");
    }
    root.terminal = terminal;
    const { stdout, stderr } = await bash.exec(text, { rawScript: true });
    say(stdout + stderr);
    if (at === "bash") say(`root@${root.hostname}:~# `);
  }

  if (mode === "shell") enter();
  return {
    type: (bytes) => terminal.type(bytes),
    hangUp: () => {
      gone = true;
    },
  };
}

/** What is typed is a command once no here-document waits for its end, and no parenthesis that began a line is open. */
class Typed {
  #lines: string[] = [];
  #end: string | null = null;
  #depth = 0;

  /** The whole of it, or null. */
  add(line: string): string | null {
    this.#lines.push(line);
    if (this.#end !== null) {
      if (line === this.#end) this.#end = null;
    } else {
      this.#end = /<<'([^']+)'/.exec(line)?.[1] ?? null;
      if (line === "(") this.#depth++;
      else if (line.startsWith(")")) this.#depth--;
    }
    if (this.#end !== null || this.#depth > 0) return null;
    const text = this.#lines.join("\n");
    this.#lines = [];
    return text;
  }
}
