import type { z } from "zod";
import type { AuditEntry } from "../../../src/emulator/audit.ts";
import type { GuestSystem, Machine } from "../../../src/emulator/machine.ts";
import { createPve, type PveEmulator, type PveOptions } from "../../../src/emulator/pve/pve.ts";
import { pveSpec } from "../../../src/emulator/pve/spec.ts";
import type { WorldTime } from "../../../src/emulator/time.ts";

/** Time that stands still until it is told to pass. */
export class ManualTime implements WorldTime {
  #now = Date.parse("2026-05-04T03:02:01Z");
  #timers: { at: number; work: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): () => void {
    const timer = { at: this.#now + ms, work };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }

  get waiting(): number {
    return this.#timers.length;
  }

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((t) => t !== next);
      this.#now = Math.max(this.#now, next.at);
      next.work();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Bodies are read in later turns of the event loop, so promises alone are not enough. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface Answered {
  readonly status: number;
  readonly reason: string;
  readonly data: unknown;
  readonly total: number | undefined;
  readonly errors: Readonly<Record<string, string>> | undefined;
  readonly text: string;
}

export type Form = Readonly<Record<string, string | number>>;

export const main = "root@pam!lab=secret";

/** An emulated cluster, a client of it, and all that it told. */
export class Lab {
  readonly time = new ManualTime();
  readonly audit: AuditEntry[] = [];
  readonly machines: Machine[] = [];
  readonly pve: PveEmulator;
  /** What the guest agents answer from now on. */
  system: GuestSystem = silent;

  constructor(world: z.input<typeof pveSpec> = {}, faults?: PveOptions["faults"]) {
    let state = 1;
    this.pve = createPve({
      spec: pveSpec.parse({ tokens: [{ id: "root@pam!lab", secret: "secret" }], ...world }),
      time: this.time,
      chance: {
        below: (limit) => {
          state = (state * 48271) % 0x7fffffff;
          return state % limit;
        },
      },
      audit: (entry) => this.audit.push(entry),
      boot: (machine) => {
        this.machines.push(machine);
        return {
          agentAnswers: () => this.system.agentAnswers(),
          readFile: (path) => this.system.readFile(path),
          writeFile: (path, content) => this.system.writeFile(path, content),
        };
      },
      ...(faults === undefined ? {} : { faults }),
    });
  }

  get(path: string, token = main): Promise<Answered> {
    return this.send("GET", path, {}, token);
  }

  post(path: string, form: Form = {}, token = main): Promise<Answered> {
    return this.send("POST", path, form, token);
  }

  put(path: string, form: Form = {}, token = main): Promise<Answered> {
    return this.send("PUT", path, form, token);
  }

  delete(path: string, token = main): Promise<Answered> {
    return this.send("DELETE", path, {}, token);
  }

  send(method: string, path: string, form: Form, token: string | null): Promise<Answered> {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(form)) body.set(name, String(value));
    const headers = token === null ? {} : { authorization: `PVEAPIToken=${token}` };
    return this.raw(path, { method, headers, ...(body.size > 0 ? { body } : {}) });
  }

  async raw(path: string, init: RequestInit): Promise<Answered> {
    const response = await this.pve.handler(new Request(`https://pve.test:8006/api2/json${path}`, init));
    const text = await response.text();
    let parsed: Record<string, unknown> = {};
    if (text.startsWith("{")) parsed = JSON.parse(text) as Record<string, unknown>;
    return {
      status: response.status,
      reason: response.statusText,
      data: parsed.data,
      total: parsed.total as number | undefined,
      errors: parsed.errors as Record<string, string> | undefined,
      text,
    };
  }

  upload(
    file: { name: string; bytes?: Uint8Array; content?: string; storage?: string },
    token = main,
  ): Promise<Answered> {
    const head = [
      "--b1",
      'Content-Disposition: form-data; name="content"',
      "",
      file.content ?? "iso",
      "--b1",
      `Content-Disposition: form-data; name="filename"; filename="${file.name}"`,
      "Content-Type: application/octet-stream",
      "",
      "",
    ].join("\r\n");
    const body = Buffer.concat([Buffer.from(head), file.bytes ?? new Uint8Array(), Buffer.from("\r\n--b1--\r\n")]);
    return this.multipart(body, "multipart/form-data; boundary=b1", file.storage, token);
  }

  multipart(body: Buffer, type: string, storage = "local", token = main): Promise<Answered> {
    return this.raw(`/nodes/pve1/storage/${storage}/upload`, {
      method: "POST",
      headers: { authorization: `PVEAPIToken=${token}`, "content-type": type },
      body: new Uint8Array(body),
    });
  }

  /** Sends the call, lets its task end, and gives the task's exit status. */
  async task(call: Promise<Answered>, ms = 60_000): Promise<string> {
    const answer = await call;
    if (answer.status !== 200) return `${answer.status} ${answer.reason}`;
    await this.time.pass(ms);
    return this.outcome(String(answer.data));
  }

  async outcome(upid: string): Promise<string> {
    const { data } = await this.get(`/nodes/pve1/tasks/${encodeURIComponent(upid)}/status`);
    return (data as { exitstatus?: string }).exitstatus ?? "running";
  }

  async log(upid: string): Promise<readonly string[]> {
    const { data } = await this.get(`/nodes/pve1/tasks/${encodeURIComponent(upid)}/log`);
    return (data as { t: string }[]).map(({ t }) => t);
  }

  async config(vmid: number): Promise<Record<string, string | number>> {
    return (await this.get(`/nodes/pve1/qemu/${vmid}/config`)).data as Record<string, string | number>;
  }

  async status(vmid: number): Promise<Record<string, unknown>> {
    return (await this.get(`/nodes/pve1/qemu/${vmid}/status/current`)).data as Record<string, unknown>;
  }

  async free(vmid: number): Promise<boolean> {
    return (await this.get(`/cluster/nextid?vmid=${vmid}`)).status === 200;
  }

  async volumes(storage = "local"): Promise<readonly string[]> {
    const { data } = await this.get(`/nodes/pve1/storage/${storage}/content`);
    return (data as { volid: string }[]).map(({ volid }) => volid).sort();
  }

  clone(newid: number, form: Form = {}, token = main): Promise<Answered> {
    return this.post("/nodes/pve1/qemu/9000/clone", { newid, ...form }, token);
  }

  /** A clone of the template that is finished. */
  async cloned(newid: number, form: Form = {}): Promise<void> {
    const outcome = await this.task(this.clone(newid, form), 5_000);
    if (outcome !== "OK") throw new Error(`clone ${newid}: ${outcome}`);
  }

  async started(vmid: number): Promise<Machine> {
    const outcome = await this.task(this.post(`/nodes/pve1/qemu/${vmid}/status/start`), 1_000);
    const machine = this.machines.at(-1);
    if (outcome !== "OK" || machine === undefined) throw new Error(`start ${vmid}: ${outcome}`);
    return machine;
  }
}

const silent: GuestSystem = {
  agentAnswers: () => false,
  readFile: async () => null,
  writeFile: async () => false,
};

/** A world with one template, 9000. */
export const withTemplate = (template: Record<string, unknown> = {}): z.input<typeof pveSpec> => ({
  guests: [{ vmid: 9000, name: "tpl", template: true, ...template }],
});
