import { Buffer } from "node:buffer";
import { parse } from "yaml";
import { guestFiles } from "../../src/domain/runners/guest-files.ts";
import { type Ms, SECOND } from "../../src/domain/time.ts";
import type { ListenOrder, RunnerService, SessionEnd } from "../../src/emulator/github/runner-service.ts";
import { findSeed } from "../../src/emulator/guest/seed.ts";
import type { Boot, Machine } from "../../src/emulator/machine.ts";
import type { WorldTime } from "../../src/emulator/time.ts";
import type { Random } from "./random.ts";

/** What goes wrong with one guest. */
export type Fate =
  | { readonly kind: "well" }
  /** Nothing in it ever answers. */
  | { readonly kind: "never boots" }
  /** It boots, its agent answers, and cloud-init does nothing. */
  | { readonly kind: "no cloud-init" }
  | { readonly kind: "never registers" }
  /** After so long everything in it falls silent, though it runs. */
  | { readonly kind: "hangs"; readonly after: Ms }
  | { readonly kind: "powers off"; readonly after: Ms }
  /** Its state file says this from its boot on, whatever is true. */
  | { readonly kind: "lies"; readonly says: string }
  /** Its image lays down no state file. */
  | { readonly kind: "says nothing" }
  /** Its work over, it stays on. */
  | { readonly kind: "stays on" };

export interface GuestParts {
  readonly runners: RunnerService;
  readonly time: WorldTime;
  readonly random: Random;
  readonly fate: () => Fate;
  readonly note: (vmid: number, what: string) => void;
  /** Told before the guest itself ends what runs in it. */
  readonly owns: (vmid: number, why: string) => void;
}

interface Credential {
  readonly kind: "jit" | "token";
  readonly secret: string;
  readonly url: string;
  readonly name: string;
  readonly labels: readonly string[];
}

const files = guestFiles.linux;

/** Guests that do what the emulator's do, seen from outside, without a shell: the same medium, runner service and file. */
export function scriptedGuests(parts: GuestParts): Boot {
  const { random } = parts;
  const begun = new Set<string>();
  return (machine) => {
    if (machine.image !== "runner") return silent;
    const fate = parts.fate();
    const guest = new ScriptedGuest(parts, machine, fate, begun);
    if (fate.kind === "never boots") return silent;
    guest.later(random.ms(8, 20) * SECOND, () => guest.agentComesUp());
    if (fate.kind !== "no cloud-init") guest.later(random.ms(12, 40) * SECOND, () => guest.comesUp());
    if (fate.kind === "hangs") guest.later(fate.after, () => guest.hang());
    if (fate.kind === "powers off") guest.later(fate.after, () => guest.powerOff("powers off at an odd moment"));
    return {
      agentAnswers: () => guest.answers(),
      readFile: async (path) => guest.read(path),
      writeFile: async (path, content) => guest.write(path, content),
    };
  };
}

const silent = { agentAnswers: () => false, readFile: async () => null, writeFile: async () => false };

class ScriptedGuest {
  readonly #parts: GuestParts;
  readonly #machine: Machine;
  readonly #fate: Fate;
  /** Secrets that cloud-init has laid down somewhere: it does so once for each instance, however often that is started. */
  readonly #begun: Set<string>;
  /** Aborted when the machine is off, or as good as. */
  readonly #off = new AbortController();
  #agent = false;
  #state: string | null = null;
  readonly #written = new Map<string, Uint8Array>();

  constructor(parts: GuestParts, machine: Machine, fate: Fate, begun: Set<string>) {
    this.#parts = parts;
    this.#machine = machine;
    this.#fate = fate;
    this.#begun = begun;
    machine.off.addEventListener("abort", () => this.#off.abort(), { once: true });
  }

  later(ms: Ms, work: () => void): void {
    const callOff = this.#parts.time.after(ms, () => {
      this.#off.signal.removeEventListener("abort", callOff);
      if (!this.#off.signal.aborted) work();
    });
    this.#off.signal.addEventListener("abort", callOff, { once: true });
  }

  agentComesUp(): void {
    this.#agent = true;
  }

  answers(): boolean {
    return this.#agent && !this.#off.signal.aborted;
  }

  read(path: string): Uint8Array | null {
    if (path === files.waiting) return this.#written.get(path) ?? null;
    if (path !== files.state) return null;
    if (this.#fate.kind === "says nothing") return null;
    const text = this.#fate.kind === "lies" ? this.#fate.says : this.#state;
    return text === null ? null : Buffer.from(`${text}\n`);
  }

  /** Only one that waits for its secret takes files, and begins when the last of them is there. */
  write(path: string, content: Uint8Array): boolean {
    if (!this.#written.has(files.waiting)) return false;
    this.#written.set(path, content);
    const credential = this.#written.get(files.credential);
    if (path === files.ready && credential !== undefined) {
      this.#written.clear();
      this.later(SECOND, () => void this.#runOnce(credentialFrom(Buffer.from(credential).toString())));
    }
    return true;
  }

  hang(): void {
    this.#note("hangs");
    this.#parts.owns(this.#machine.vmid, "it hangs");
    this.#off.abort();
  }

  powerOff(why: string): void {
    this.#note(why);
    this.#parts.owns(this.#machine.vmid, why);
    this.#machine.powerOff();
  }

  /** Its set-up is over: a seed has brought it a secret, or it waits for one. */
  comesUp(): void {
    const seed = findSeed(this.#machine.media(), (what) => this.#note(what));
    const credential = seed === null ? null : credentialIn(seed.userData);
    if (credential !== null) return void this.#runOnce(credential);
    this.#note("waits for its secret");
    this.#written.set(files.waiting, Buffer.from(""));
  }

  async #runOnce(credential: Credential): Promise<void> {
    if (this.#begun.has(credential.secret)) return this.#note("has run before: nothing is started in it");
    this.#begun.add(credential.secret);
    this.#state = "starting";
    if (this.#fate.kind === "never registers") return this.#note("never registers");
    const order = this.#register(credential);
    if (order === null) return this.#over("failed: the runner could not register");
    this.#state = "listening";
    await this.#wait(3 * SECOND);
    const end = await this.#parts.runners.listen({
      ...order,
      vmid: this.#machine.vmid,
      off: this.#off.signal,
      hooks: {
        started: async (job) => {
          this.#state = `job ${job}`;
          return true;
        },
        completed: async () => {
          this.#state = "done";
        },
      },
    });
    if (end.ended === "off") return;
    this.#note(`runner ends: ${wordsFor(end)}`);
    this.#over(end.ended === "job" ? "done" : "failed: the runner ended without a job");
  }

  #register({ kind, secret, url, name, labels }: Credential): Pick<ListenOrder, "credential"> | null {
    if (kind === "jit") return { credential: { kind: "jit", config: secret } };
    const answer = this.#parts.runners.register({ url, token: secret, name, labels, ephemeral: true, replace: true });
    if (answer.ok) return { credential: { kind: "files", files: answer.files } };
    this.#note(`cannot register: ${answer.message.split("\n").at(-1)}`);
    return null;
  }

  #over(state: string): void {
    this.#state = state;
    if (this.#fate.kind === "stays on") this.#note("stays on");
    else this.later(this.#parts.random.ms(2, 5) * SECOND, () => this.powerOff(`powers off: ${state}`));
  }

  #wait(ms: Ms): Promise<void> {
    return new Promise((resolve) => this.later(ms, resolve));
  }

  #note(what: string): void {
    this.#parts.note(this.#machine.vmid, what);
  }
}

const wordsFor = (end: SessionEnd): string => {
  if (end.ended === "job") return `job ${end.job} ${end.result}`;
  return "message" in end ? end.message : end.ended;
};

/** Read by the few words that run-once needs: a whole YAML reader would cost more than the guest's life. */
function credentialIn(userData: string): Credential | null {
  const scalar = /path: \/run\/dispatcher\/credential\n(?:\s+permissions:.*\n)?\s+content: (.+)\n/.exec(userData)?.[1];
  if (scalar === undefined) return null;
  return credentialFrom(String(parse(scalar)));
}

function credentialFrom(text: string): Credential {
  const lines = text.split("\n");
  const word = (name: string): string =>
    lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  return {
    kind: word("kind") === "token" ? "token" : "jit",
    secret: word("credential"),
    url: word("url"),
    name: word("name"),
    labels: ["self-hosted", ...word("labels").split(",")],
  };
}
