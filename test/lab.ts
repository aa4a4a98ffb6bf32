import { asInstanceName, asNodeName, asStorageName, asVmid } from "../src/domain/ids.ts";
import type { GuestSpec } from "../src/domain/pool.ts";
import { Secret } from "../src/domain/secret.ts";
import type { AuditRecord } from "../src/emulator/audit.ts";
import type { Boot } from "../src/emulator/machine.ts";
import { createPve, type PveEmulator, type PveOptions } from "../src/emulator/pve/pve.ts";
import { pveSpec } from "../src/emulator/pve/spec.ts";
import type { WorldTime } from "../src/emulator/time.ts";
import type { Site } from "../src/engine/site.ts";
import { createClient, type ProxmoxClient } from "../src/proxmox/client.ts";
import { createHttp } from "../src/proxmox/http.ts";
import { createIsoSeeds } from "../src/proxmox/iso-seeds.ts";
import { createLimits } from "../src/proxmox/limits.ts";
import { createSite } from "../src/proxmox/site.ts";
import { createTasks } from "../src/proxmox/tasks.ts";
import { ManualClock } from "./clock.ts";
import { held } from "./contract/guard.ts";
import { journalOf, signerOf, specOf } from "./fixtures.ts";

/** Emulator time that passes with a manual clock. */
export function worldTimeOf(clock: ManualClock): WorldTime {
  return {
    now: () => clock.now(),
    after(ms, work) {
      const off = new AbortController();
      clock.sleep(ms, off.signal).then(work, () => {});
      return () => off.abort();
    },
  };
}

/** A chance that is always the same. */
export function seededChance(seed = 1): { below(limit: number): number } {
  let state = seed;
  return {
    below(limit) {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % limit;
    },
  };
}

const silentGuest: Boot = () => ({
  agentAnswers: () => false,
  readFile: async () => null,
  writeFile: async () => false,
});

const token = { id: "dispatcher@pve!lab", secret: "11111111-2222-3333-4444-555555555555" };

/** The real site over the real client, on an emulated PVE, in one process and on one clock. */
export function lab(
  options: {
    readonly world?: Record<string, unknown>;
    readonly spec?: Partial<GuestSpec>;
    readonly boot?: Boot;
    readonly faults?: PveOptions["faults"];
    /** Another client of a PVE that is there already. */
    readonly within?: { readonly clock: ManualClock; readonly pve: PveEmulator };
    readonly as?: { readonly id: string; readonly secret: string };
    readonly seedStorage?: string;
  } = {},
) {
  const clock = options.within?.clock ?? new ManualClock();
  const login = options.as ?? token;
  const records: AuditRecord[] = [];
  const spec = specOf(options.spec);
  const pve =
    options.within?.pve ??
    createPve({
      spec: pveSpec.parse({
        storages: [{ name: "local", content: ["iso", "images", "snippets"] }],
        tokens: [{ ...token, privileges: "all" }],
        guests: [{ vmid: 9000, name: "base", node: "pve1", template: true }],
        ...options.world,
      }),
      time: worldTimeOf(clock),
      chance: seededChance(),
      audit: (entry) => records.push({ at: clock.now(), ...entry } as AuditRecord),
      boot: options.boot ?? silentGuest,
      ...(options.faults === undefined ? {} : { faults: options.faults }),
    });
  const http = createHttp({
    url: new URL("https://pve.test:8006"),
    tokenId: login.id,
    tokenSecret: new Secret(login.secret),
    clock,
    fetch: (url, { method, headers, body }) => {
      held({ method, url, contentType: headers["Content-Type"] ?? "", body });
      return pve.handler(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }));
    },
  });
  const client: ProxmoxClient = createClient(http);
  const tasks = createTasks(client, clock);
  const limits = createLimits({ perNode: 4, perStorage: 4 });
  const instance = asInstanceName("lab");
  const seeds = createIsoSeeds({
    client,
    tasks,
    limits,
    journal: journalOf(),
    storage: asStorageName(options.seedStorage ?? "local"),
    nodes: [asNodeName("pve1")],
    ranges: [spec.range],
    fileName: (vmid) => `${instance}-${vmid}.iso`,
    vmidOf: (file) => {
      const number = /^lab-(\d+)\.iso$/.exec(file)?.[1];
      return number === undefined ? null : asVmid(Number(number));
    },
    image: ({ userData }) => Buffer.from(userData.padEnd(64, " ")),
    blank: new Uint8Array(16),
  });
  const signer = signerOf("lab");
  const site: Site = createSite({
    client,
    tasks,
    limits,
    clock,
    specs: [spec],
    ownership: { instance, signer, specs: [spec] },
    stores: [seeds],
    tokenId: login.id,
    journal: journalOf(),
  });
  /** Mutating calls that PVE accepted, as `call vmid`. */
  const changes = (): readonly string[] =>
    records.flatMap((r) => (r.event === "pve" && r.status === 200 ? [`${r.call} ${r.vmid ?? r.volume}`] : []));
  return { clock, pve, client, site, seeds, spec, signer, records, changes };
}
