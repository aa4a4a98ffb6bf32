import { setTimeout as sleep } from "node:timers/promises";
import { createSigner } from "../../src/app/signer.ts";
import { bootstrap } from "../../src/bootstrap/bootstrap.ts";
import type { BootstrapWish } from "../../src/bootstrap/bootstrap-wish.ts";
import { daemonFiles } from "../../src/bootstrap/daemon-files.ts";
import type { RecordFile } from "../../src/bootstrap/record.ts";
import type { Tools } from "../../src/bootstrap/tools.ts";
import { uninstall } from "../../src/bootstrap/uninstall.ts";
import { readContainerWish } from "../../src/bootstrap/wish.ts";
import { asInstanceName, asNodeName, asVmid } from "../../src/domain/ids.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Clock } from "../../src/domain/time.ts";
import { scriptedContainers } from "../../src/emulator/container/scripted.ts";
import { createPve } from "../../src/emulator/pve/pve.ts";
import { pveSpec } from "../../src/emulator/pve/spec.ts";
import { serve } from "../../src/emulator/serve.ts";
import { wallTime } from "../../src/emulator/time.ts";
import { createClient } from "../../src/proxmox/client.ts";
import { openConsole } from "../../src/proxmox/console.ts";
import { createHttp, type Fetch } from "../../src/proxmox/http.ts";
import { piecesOf } from "../../src/proxmox/setup/pieces.ts";
import { createTasks } from "../../src/proxmox/tasks.ts";
import { createAgent } from "../../src/proxmox/tls.ts";
import { seededChance } from "../lab.ts";
import { Life, mortalDoors, mortalFetch } from "./mortal.ts";
import { wholeOf } from "./whole.ts";

const admin = { id: "root@pam!admin", secret: "99999999-8888-7777-6666-555555555555" };
export const githubSecret = "github_pat_never_to_be_seen";
const speed = 50;

/** The wall clock; between two looks it waits shorter than in life, but is as patient. */
const clock: Clock = {
  now: () => Math.round(performance.timeOrigin + performance.now()),
  sleep: (ms, signal) => sleep(ms < 1_000 ? ms / speed : ms, undefined, signal === undefined ? {} : { signal }),
};

const access = piecesOf({
  generation: 9,
  extras: { snapshots: false, disk: false, agent: false, delivery: false },
  pool: "runners",
  seeds: "seeds",
  seedsPath: "/var/lib/vz-seeds",
  user: "dispatcher@pve",
  token: "daemon",
  privsep: false,
  templates: ["9000"],
  storages: ["local-lvm"],
  nodes: ["pve1"],
  bridges: ["vmbr0"],
});

type After = { after(work: () => Promise<void>): void };

/** An emulated PVE whose containers have a scripted shell, their consoles over real websockets, and an administrator before it. */
export async function stage(t: After, world: Record<string, unknown> = {}) {
  const containers = scriptedContainers();
  /** Changes that PVE accepted. */
  const changes: string[] = [];
  const faults: { refuse: ((request: Request) => Response | null) | null } = { refuse: null };
  const pve = createPve({
    spec: pveSpec.parse({
      storages: [
        { name: "local", content: ["iso", "vztmpl", "snippets"] },
        { name: "local-lvm", content: ["images", "rootdir"] },
      ],
      tokens: [admin],
      access: { users: [{ userid: "root@pam", tokens: [{ tokenid: "admin" }] }] },
      guests: [
        { vmid: 9000, name: "base", template: true, storage: "local-lvm" },
        { vmid: 100, name: "foreign" },
      ],
      durations: Object.fromEntries(
        ["clone", "upload", "start", "stop", "destroy", "deleteVolume"].map((what) => [what, 2]),
      ),
      ...world,
    }),
    time: wallTime(1),
    chance: seededChance(),
    audit: () => {},
    boot: () => ({ agentAnswers: () => false, readFile: async () => null, writeFile: async () => false }),
    makeContainer: (given) => {
      if (given.password !== null) passwords.push(given.password);
      return containers.make(given);
    },
    faults: { before: (request) => faults.refuse?.(request) ?? null },
  });
  const server = await serve({ handler: pve.handler, connect: pve.connect, tls: null, address: "127.0.0.1", port: 0 });
  const fetch: Fetch = (address, { method, headers, body, signal }) =>
    pve.handler(new Request(address, { method, headers, signal, ...(body === undefined ? {} : { body }) }));
  const dispatcher = createAgent({ kind: "system" });
  t.after(async () => {
    await dispatcher.destroy();
    await server.close();
  });
  const url = new URL(server.url);
  const record = memoryRecord();
  const told: string[] = [];
  const wish = wishOf();
  /** Root's, of each container that was made. */
  const passwords: string[] = [];
  let drawn = 0;

  function toolsOf(life: Life): Tools {
    const counted: Fetch = async (address, init) => {
      const answer = await fetch(address, init);
      if (init.method !== "GET" && answer.ok) changes.push(`${init.method} ${new URL(address).pathname}`);
      return answer;
    };
    const login = { url, tokenId: admin.id, tokenSecret: new Secret(admin.secret), clock };
    const http = createHttp({ ...login, fetch: mortalFetch(life, counted) });
    const client = createClient(http);
    return {
      http,
      client,
      tasks: createTasks(client, clock),
      clock,
      random: () => `nonce${++drawn}x7Qk2`,
      fetchFile: async () => Buffer.alloc(2048, 1),
      tell: (line) => told.push(line),
      ...mortalDoors(life, {
        record,
        openConsole: (guest, ticket, signal) => openConsole({ ...login, dispatcher }, guest, ticket, signal),
      }),
    };
  }

  return {
    pve,
    containers,
    record,
    told,
    wish,
    changes,
    passwords,
    faults,
    run: (change: Partial<BootstrapWish> = {}, life = new Life()) =>
      bootstrap(toolsOf(life), { ...wish, ...change }, async () => true, new AbortController().signal),
    remove: (change: Partial<BootstrapWish> = {}, life = new Life()) =>
      uninstall(toolsOf(life), { ...wish, ...change }, async () => true, new AbortController().signal),
    whole: () => wholeOf(pve.state),
  };
}

export function wishOf(env: Record<string, string> = {}): BootstrapWish {
  const container = readContainerWish(env);
  const given = { PROXMOX_URL: "https://pve1:8006", PROXMOX_NODE: "pve1", GITHUB_TOKEN: githubSecret, RUNNER_MAX: "3" };
  const files = daemonFiles({ ...given, ...env }, { files: { read: () => null }, path: "/" });
  if (!container.ok || !files.ok) throw new Error("the sample configuration is wrong");
  const bytes = Buffer.alloc(60_000, "a package");
  return {
    instance: asInstanceName("lab"),
    node: asNodeName("pve1"),
    container: container.value,
    ranges: [{ first: asVmid(200), last: asVmid(299) }],
    way: { kind: "console" },
    package: { form: "deb", sha256: "1".repeat(64), from: "file", bytes },
    access,
    ha: false,
    tokenSecret: null,
    files: files.value.files,
    signer: (tokenSecret) => createSigner({ ...files.value.key, tokenSecret }),
    health: { port: 9180 },
    proxy: {},
  };
}

function memoryRecord(): RecordFile & { readonly text: () => string | null } {
  let text: string | null = null;
  return {
    text: () => text,
    read: () => text,
    write: (next) => {
      text = next;
    },
    remove: () => {
      text = null;
    },
  };
}
