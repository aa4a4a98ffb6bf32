import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemChance } from "../../src/app/system.ts";
import { envFor } from "../../src/cli/emulated-env.ts";
import type { AuditRecord } from "../../src/emulator/audit.ts";
import { selfSigned } from "../../src/emulator/certificate.ts";
import type { Handler } from "../../src/emulator/handler.ts";
import { chooseAccelerator } from "../../src/emulator/qemu/accelerator.ts";
import { baseImage } from "../../src/emulator/qemu/base-image.ts";
import { type Served, serve } from "../../src/emulator/serve.ts";
import { type WorldTime, wallTime } from "../../src/emulator/time.ts";
import { createWorld, type World, worldSpec } from "../../src/emulator/world.ts";
import { Program } from "../e2e/stage.ts";

const token = "dispatcher@pve!guests=5f0d3f52-0000-4000-8000-000000000000";
const repository = "octo/demo";
/** No other duration of the world is as long: a job runs until the test ends it. */
const jobLength = 5 * 3_600_000;

/** A served world whose guests are real, a dispatcher that serves it, and what both of them told. */
export class RealStage {
  readonly folder = mkdtempSync(join(tmpdir(), "real-guests-"));
  readonly audit: AuditRecord[] = [];
  /** What GitHub has minted: JIT configs and registration tokens. */
  readonly minted: string[] = [];
  world: World | null = null;
  github = "";
  accelerator: "kvm" | "tcg" = "tcg";
  #served: Served[] = [];
  #dispatcher: Program | null = null;
  #running: (() => void)[] = [];

  /** Two templates of one image: `debian`, and `unplugged`, whose clones have no network. */
  async open(pools: string): Promise<void> {
    const tell = (text: string): void => console.log(`# ${text}`);
    const image = await baseImage({ env: process.env, tell });
    this.accelerator = (process.env.REAL_GUESTS_ACCEL as "kvm" | "tcg") ?? (await chooseAccelerator(image));
    const snippets = join(this.folder, "snippets");
    mkdirSync(snippets);
    // PVE's own user-data, which a guest without a seed gets, would have all packages upgraded.
    const config = { ciupgrade: 0 };
    const template = { template: true, image: "debian", memoryMiB: 640, cores: 2, diskMiB: 4096, config };
    const spec = worldSpec.parse({
      pve: {
        tokens: [{ id: token.split("=")[0], secret: token.split("=")[1] }],
        storages: [{ name: "local", snippetsFolder: snippets }],
        guests: [
          { ...template, vmid: 9000, name: "debian" },
          {
            ...template,
            vmid: 9001,
            name: "unplugged",
            config: { ...config, net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0,link_down=1" },
          },
        ],
      },
      github: { repositories: [{ name: repository }] },
      qemu: { images: { debian: image }, folder: join(this.folder, "qemu"), accelerator: this.accelerator },
      dispatcher: {
        BOOT_TIMEOUT: "20m",
        RUNNER_NAME_PREFIX: "real",
        DISPATCHER_CONFIG: join(this.folder, "dispatcher.yaml"),
        DISPATCHER_STATE: join(this.folder, "state"),
        SNIPPETS_DIR: snippets,
      },
    });
    const time = this.#time();
    const audit = (entry: object): void => {
      const record = { at: Date.now(), ...entry } as AuditRecord;
      this.audit.push(record);
      if (record.event === "guest" && record.what !== "powers off") tell(`${record.vmid}: ${record.what}`);
    };
    const world = createWorld({ spec, time, chance: systemChance, audit, githubUrl: () => this.github });
    this.world = world;
    const tls = await selfSigned(["localhost"], new Date());
    const at = { address: "127.0.0.1", port: 0 };
    const pve = await serve({ ...at, handler: world.pve, tls, profile: "pve" });
    const github = await serve({ ...at, handler: this.#listening(world.github), tls: null });
    this.#served = [pve, github];
    this.github = github.url;
    writeFileSync(join(this.folder, "dispatcher.yaml"), pools);
    const env = envFor(spec, { pve: pve.url, github: github.url, fingerprint: tls.fingerprint });
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(this.folder, "dispatcher.env"), lines.join(""));
    console.log(`# accelerator: ${this.accelerator}`);
  }

  startDispatcher(): void {
    this.#dispatcher = new Program(["run"], this.folder);
  }

  log(): string {
    return this.#dispatcher?.text() ?? "";
  }

  addJob(label: string): number {
    const wish = { repository, labels: ["self-hosted", label], durationMs: jobLength, name: label };
    return this.world?.behind.github.addJobs(wish)[0]?.id ?? 0;
  }

  /** Those that run are done. */
  endJobs(): void {
    for (const end of this.#running.splice(0)) end();
  }

  /** A call on the pretended PVE; rejects with what it said. */
  async call(
    method: "GET" | "POST" | "PUT",
    path: string,
    form?: Readonly<Record<string, string>> | URLSearchParams,
  ): Promise<unknown> {
    const answer = await this.world?.pve(
      new Request(`https://pve/api2/json${path}`, {
        method,
        headers: { authorization: `PVEAPIToken=${token}` },
        ...(form === undefined ? {} : { body: new URLSearchParams(form as Record<string, string>) }),
      }),
    );
    if (answer?.ok !== true) throw new Error(`${method} ${path}: ${answer?.status} ${answer?.statusText}`);
    return ((await answer.json()) as { data: unknown }).data;
  }

  /** A file of a storage, as an upload brings it. */
  async upload(name: string, bytes: Uint8Array): Promise<void> {
    const body = new FormData();
    body.set("content", "iso");
    body.set("filename", new File([new Uint8Array(bytes)], name));
    const request = new Request("https://pve/api2/json/nodes/pve1/storage/local/upload", {
      method: "POST",
      headers: { authorization: `PVEAPIToken=${token}` },
      body,
    });
    const answer = await this.world?.pve(request);
    if (answer?.ok !== true) throw new Error(`upload ${name}: ${answer?.statusText}`);
    await this.#finished((await answer.json()) as { data: string });
  }

  /** Calls what starts a task, and waits for its end. */
  async task(method: "POST" | "PUT", path: string, form: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#finished({ data: String(await this.call(method, path, form)) });
  }

  /** The end of a console's log: it outlives the guest. */
  console(name: string): string {
    return readFileSync(join(this.folder, "qemu/consoles", `${name}.log`), "utf8");
  }

  async close(): Promise<void> {
    await this.#dispatcher?.stop("SIGKILL");
    this.world?.close();
    await Promise.all(this.#served.map((one) => one.close()));
    if (process.env.KEEP === undefined) rmSync(this.folder, { recursive: true, force: true });
    else console.log(`# kept: ${this.folder}`);
  }

  async #finished({ data: upid }: { readonly data: string }): Promise<void> {
    const path = `/nodes/pve1/tasks/${encodeURIComponent(upid)}/status`;
    await until(`the end of ${upid}`, 60_000, async () => {
      const { status, exitstatus } = (await this.call("GET", path)) as { status: string; exitstatus?: string };
      if (status !== "stopped") return null;
      if (exitstatus !== "OK") throw new Error(`${upid}: ${exitstatus}`);
      return true;
    });
  }

  #time(): WorldTime {
    const wall = wallTime(1);
    return {
      now: wall.now,
      after: (ms, work) => {
        if (ms !== jobLength) return wall.after(ms, work);
        this.#running.push(work);
        return () => {
          this.#running = this.#running.filter((one) => one !== work);
        };
      },
    };
  }

  #listening(handler: Handler): Handler {
    return async (request) => {
      const answer = await handler(request);
      if (!/\/(registration-token|generate-jitconfig)$/.test(request.url)) return answer;
      const body = (await answer.clone().json()) as { token?: string; encoded_jit_config?: string };
      this.minted.push(...[body.token, body.encoded_jit_config].filter((secret) => secret !== undefined));
      return answer;
    };
  }
}

/** Asks until there is something; a test waits for real machines. */
export async function until<T>(what: string, patience: number, ask: () => Promise<T | null> | T | null): Promise<T> {
  for (const end = Date.now() + patience; Date.now() < end; await sleep(500)) {
    const found = await ask();
    if (found !== null && found !== false) return found;
  }
  throw new Error(`${what}: not within ${patience / 1000} s`);
}
