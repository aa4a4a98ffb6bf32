import { asInstanceName, asNodeName, asStorageName, asVmid } from "../../src/domain/ids.ts";
import { Secret } from "../../src/domain/secret.ts";
import { customising } from "../../src/emulator/customising.ts";
import { createPve, type PveEmulator } from "../../src/emulator/pve/pve.ts";
import { pveSpec } from "../../src/emulator/pve/spec.ts";
import { build } from "../../src/images/build.ts";
import type { BuildOrder } from "../../src/images/order.ts";
import { buildUserData } from "../../src/images/recipe.ts";
import type { Tell, Workshop } from "../../src/images/workshop.ts";
import { createClient } from "../../src/proxmox/client.ts";
import { createHttp } from "../../src/proxmox/http.ts";
import { createTasks } from "../../src/proxmox/tasks.ts";
import { ManualClock } from "../clock.ts";
import { held } from "../contract/guard.ts";
import { signerOf } from "../fixtures.ts";
import { seededChance, worldTimeOf } from "../lab.ts";

export const signal = new AbortController().signal;
export const pve1 = asNodeName("pve1");

const token = { id: "dispatcher@pve!lab", secret: "11111111-2222-3333-4444-555555555555" };
const silent = { agentAnswers: () => false, readFile: async () => null, writeFile: async () => false };

/** The parts of an image that the emulated guest asks for; what they hold is proven where images are booted. */
export const imageFiles = new Map(
  ["install.sh", "clean.sh", "run-once", "dispatcher-runner.service", "dispatcher-arm.path"].map((name) => [name, "#"]),
);

export const runner = { version: "2.336.0", sha256: "ab".repeat(32) };

export interface Exchange {
  readonly method: string;
  readonly path: string;
}

/** Told before and after each exchange. What it never ends is a process that has died; what it throws, an answer that was lost. */
export type Watch = (when: "before" | "after", exchange: Exchange) => void | Promise<void>;

/** An emulated cluster, on which any number of processes build templates, one after another or at once. */
export class Workbench {
  readonly clock = new ManualClock();
  readonly pve: PveEmulator;
  #processes = 0;

  constructor(world: Record<string, unknown> = {}) {
    const time = worldTimeOf(this.clock);
    this.pve = createPve({
      spec: pveSpec.parse({
        storages: [
          { name: "local", content: ["iso", "import"] },
          { name: "disks", content: ["images"] },
        ],
        tokens: [{ ...token, privileges: "all" }],
        ...world,
      }),
      time,
      chance: seededChance(),
      audit: () => {},
      boot: customising(() => silent, time),
    });
  }

  /** A new process: only what it holds of others' processes is known to it. */
  shop(options: { readonly watch?: Watch; readonly dead?: readonly string[]; readonly key?: string } = {}): Workshop {
    this.#processes += 1;
    const { clock } = this;
    const http = createHttp({
      url: new URL("https://pve.test:8006"),
      tokenId: token.id,
      tokenSecret: new Secret(token.secret),
      clock,
      fetch: async (url, { method, headers, body }) => {
        const exchange = { method, path: new URL(url).pathname.replace("/api2/json", "") };
        await options.watch?.("before", exchange);
        held({ method, url, contentType: headers["Content-Type"] ?? "", body });
        const answer = await this.pve.handler(
          new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }),
        );
        await options.watch?.("after", exchange);
        return answer;
      },
    });
    const client = createClient(http);
    const holder = `here:${this.#processes}@boot.1`;
    return {
      client,
      tasks: createTasks(client, clock),
      clock,
      chance: seededChance(this.#processes * 7919),
      signer: signerOf(options.key ?? "lab"),
      instance: asInstanceName("lab"),
      tokenId: token.id,
      holder,
      isDead: (other) => options.dead?.includes(other) ?? false,
    };
  }

  build(shop: Workshop, order: BuildOrder = orderOf(), stop: AbortSignal = signal, tell: Tell = () => {}) {
    return this.clock.until(build(shop, order, tell, stop));
  }

  /** All that stands in the cluster, without what differs from guest to guest by chance. */
  state(): readonly string[] {
    const guests = [...this.pve.state.guests.values()].map(({ vmid, config, image, power }) => {
      const kept = [...config].filter(([name]) => !["vmgenid", "smbios1", "meta", "description"].includes(name));
      const options = kept.map(([name, value]) => `${name}: ${value}`.replaceAll(/BC:24:11(:\w\w){3}/g, "MAC"));
      return `guest ${vmid} ${image} ${power.kind} ${options.sort().join("; ")}`;
    });
    const volumes = this.pve.state.volumes.all().map(({ id, size }) => `volume ${id} ${size}`);
    const tasks = this.pve.state.tasks.running().map(({ type, id }) => `task ${type} ${id}`);
    return [...guests, ...volumes, ...tasks].sort();
  }

  description(vmid: number): string {
    return String(this.pve.state.guests.get(vmid)?.config.get("description") ?? "");
  }
}

export function orderOf(change: Partial<BuildOrder> = {}): BuildOrder {
  const family = change.family ?? "debian-13";
  const recipe = { family, files: imageFiles, runner, packages: [], docker: true, runnerUser: "runner", proxy: null };
  return {
    family,
    node: pve1,
    range: {
      templates: { first: asVmid(9000), last: asVmid(9009) },
      runners: [{ first: asVmid(200), last: asVmid(299) }],
    },
    resourcePool: null,
    storages: { disks: asStorageName("disks"), imports: asStorageName("local"), seeds: asStorageName("local") },
    cores: 2,
    memoryMiB: 2048,
    diskGiB: 10,
    network: "virtio,bridge=vmbr0",
    image: {
      kind: "url",
      url: "https://images.example/debian-13.qcow2",
      checksum: { algorithm: "sha256", value: "cd".repeat(32) },
    },
    runner,
    userData: buildUserData(recipe),
    inputs: "inputs-1",
    promote: false,
    keep: false,
    patience: 60 * 60_000,
    ...change,
  };
}
