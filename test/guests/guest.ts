import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RealStage, until } from "./stage.ts";

const search = readFileSync(join(import.meta.dirname, "search.py"), "utf8");

/** Where something was found inside a guest. */
export interface Hit {
  readonly where: "file" | "device" | "arguments" | "environment" | "journal";
  readonly what: string;
}

/** A guest that runs, reached through the pretended PVE's guest-agent calls. */
export class RealGuest {
  readonly vmid: number;
  readonly #stage: RealStage;

  constructor(stage: RealStage, vmid: number) {
    this.#stage = stage;
    this.vmid = vmid;
  }

  get #agent(): string {
    return `/nodes/pve1/qemu/${this.vmid}/agent`;
  }

  ping(): Promise<boolean> {
    return this.#stage.call("POST", `${this.#agent}/ping`).then(
      () => true,
      () => false,
    );
  }

  async write(file: string, text: string): Promise<void> {
    const content = Buffer.from(text).toString("base64");
    await this.#stage.call("POST", `${this.#agent}/file-write`, { file, content, encode: "0" });
  }

  /** Null where there is no such file, or nobody answers. */
  async read(file: string): Promise<string | null> {
    const path = `${this.#agent}/file-read?file=${encodeURIComponent(file)}`;
    const read = await this.#stage.call("GET", path).catch(() => null);
    return read === null ? null : (read as { content: string }).content;
  }

  /** What a program prints. */
  async run(command: readonly string[], input = ""): Promise<string> {
    const form = new URLSearchParams(command.map((word): [string, string] => ["command", word]));
    if (input !== "") form.set("input-data", input);
    const { pid } = (await this.#stage.call("POST", `${this.#agent}/exec`, form)) as { pid: number };
    for (;;) {
      const status = (await this.#stage.call("GET", `${this.#agent}/exec-status?pid=${pid}`)) as {
        exited: number;
        "out-data"?: string;
        "err-data"?: string;
      };
      if (status.exited === 1) return (status["out-data"] ?? "") + (status["err-data"] ?? "");
      await sleep(500);
    }
  }

  /** Looks for a text everywhere. It comes by standard input, so that the search does not find itself. */
  async find(text: string): Promise<readonly Hit[]> {
    const program = `needle = ${JSON.stringify(text)}\n${search}`;
    return JSON.parse(await this.run(["/usr/bin/python3", "-"], program)) as readonly Hit[];
  }

  stateIs(pattern: RegExp, patience: number): Promise<string> {
    return until(`state ${pattern} of ${this.vmid}`, patience, async () => {
      const state = await this.read("/run/dispatcher/state");
      return state !== null && pattern.test(state) ? state.trim() : null;
    });
  }

  isOff(patience: number): Promise<boolean> {
    return until(`the power-off of ${this.vmid}`, patience, async () => {
      const path = `/nodes/pve1/qemu/${this.vmid}/status/current`;
      const { status } = (await this.#stage.call("GET", path)) as { status: string };
      return status === "stopped" || null;
    });
  }
}
