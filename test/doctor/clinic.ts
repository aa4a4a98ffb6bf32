import { setImmediate } from "node:timers/promises";
import type { Config } from "../../src/config/config.ts";
import { diagnose } from "../../src/doctor/doctor.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { createGithub } from "../../src/emulator/github/github.ts";
import { githubSpec } from "../../src/emulator/github/spec.ts";
import { createPve } from "../../src/emulator/pve/pve.ts";
import { pveSpec } from "../../src/emulator/pve/spec.ts";
import { ManualClock } from "../clock.ts";
import { configOf, type FileTexts, type Variables } from "../config/given.ts";
import { seededChance, worldTimeOf } from "../lab.ts";

export type Generation = "8.4" | "9.2";
export interface Grant {
  readonly path: string;
  readonly privileges: readonly string[];
}

export const tokenId = "dispatcher@pve!daemon";
const secret = "11111111-2222-3333-4444-555555555555";
export const githubToken = "ghp_emulated0000000000000000000000000000";

const agentOf = {
  "8.4": ["VM.Monitor"],
  "9.2": ["VM.GuestAgent.Audit", "VM.GuestAgent.FileRead", "VM.GuestAgent.FileWrite"],
} as const;

/** What docs/permissions.md grants, for a configuration that sets all hardware, whatever its delivery. */
export const grantsOf = (generation: Generation): readonly Grant[] => [
  { path: "/vms/9000", privileges: ["VM.Audit", "VM.Clone"] },
  {
    path: "/pool/runners",
    privileges: [
      ..."VM.Allocate VM.Audit VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk".split(" "),
      ..."VM.Config.Memory VM.Config.Network VM.Config.Options VM.PowerMgmt Pool.Audit".split(" "),
      ...agentOf[generation],
    ],
  },
  { path: "/storage/disks", privileges: ["Datastore.AllocateSpace"] },
  { path: "/storage/seeds", privileges: ["Datastore.Allocate", "Datastore.AllocateTemplate", "Datastore.Audit"] },
  { path: "/nodes/pve1", privileges: ["Sys.Audit"] },
  { path: "/sdn/zones/localnetwork/vmbr0", privileges: ["SDN.Use"] },
];

export const without = (grants: readonly Grant[], path: string, privilege: string): readonly Grant[] =>
  grants.map((grant) =>
    grant.path === path ? { path, privileges: grant.privileges.filter((one) => one !== privilege) } : grant,
  );

export const template = {
  vmid: 9000,
  name: "base",
  node: "pve1",
  template: true,
  storage: "disks",
  config: { agent: "enabled=1", boot: "order=scsi0", net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0" },
};

export interface Clinic {
  readonly generation?: Generation;
  readonly grants?: readonly Grant[] | "all";
  readonly pve?: Readonly<Record<string, unknown>>;
  readonly github?: Readonly<Record<string, unknown>>;
  readonly env?: Variables;
  readonly files?: FileTexts;
  readonly config?: (config: Config) => Config;
  /** Changes what PVE's answer to a path holds. */
  readonly pveSays?: Readonly<Record<string, (data: never) => unknown>>;
  /** Answered in place of PVE, by path; null lets the connection fail. */
  readonly pveInstead?: Readonly<Record<string, Response | null>>;
  /** What every connection to PVE ends with. */
  readonly pveFails?: Error;
  /** Answered in place of GitHub, by path; null lets the connection fail. */
  readonly githubInstead?: Readonly<Record<string, Response | null>>;
  /** Told of every call that is not a GET. */
  readonly onChange?: (call: string) => void;
  /** How far the clocks of the others are ahead; null: they do not say. */
  readonly ahead?: { readonly pve?: number | null; readonly github?: number | null };
}

export const environment: Variables = {
  PROXMOX_URL: "https://pve.test:8006",
  PROXMOX_NODE: "pve1",
  PROXMOX_TOKEN_ID: tokenId,
  PROXMOX_TOKEN_SECRET: secret,
  PROXMOX_STORAGE: "seeds",
  RESOURCE_POOL: "runners",
  TEMPLATE_NAME: "base",
  GITHUB_TOKEN: githubToken,
  REPO_OWNER: "octo",
  REPO_NAME: "demo",
  RUNNER_CORES: "2",
  RUNNER_MEMORY: "4096",
  RUNNER_DISK: "20",
  RUNNER_NETWORK: "virtio,bridge=vmbr0",
};

/** Everything is as it should be, but for what the clinic says; the emulators answer in process. */
export async function findingsIn(clinic: Clinic = {}): Promise<readonly Finding[]> {
  const clock = new ManualClock();
  const time = worldTimeOf(clock);
  const { generation = "9.2", ahead = {} } = clinic;
  const pve = createPve({
    spec: pveSpec.parse({
      generation,
      storages: [
        { name: "disks", content: ["images"] },
        { name: "seeds", content: ["iso"] },
      ],
      resourcePools: ["runners"],
      guests: [template],
      tokens: [{ id: tokenId, secret, privileges: clinic.grants ?? grantsOf(generation) }],
      ...clinic.pve,
    }),
    time,
    chance: seededChance(),
    audit: () => {},
    boot: () => ({ agentAnswers: () => false, readFile: async () => null, writeFile: async () => false }),
  });
  const github = createGithub({
    spec: githubSpec.parse(clinic.github ?? {}),
    time,
    chance: seededChance(),
    audit: () => {},
  });
  const note = (service: string, method: string, url: string): void => {
    if (method !== "GET") clinic.onChange?.(`${service} ${method} ${url}`);
  };
  const pathOf = (url: string): string => new URL(url).pathname.replace(/^\/api2\/json/, "");
  const dated = (response: Response, lead: number | null | undefined): Response => {
    const headers = new Headers(response.headers);
    if (lead !== null) headers.set("date", new Date(clock.now() + (lead ?? 0)).toUTCString());
    else headers.delete("date");
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers });
  };
  const instead = (answers: Clinic["pveInstead"], path: string): Response | undefined => {
    const answer = answers?.[path];
    if (answer === null) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    return answer?.clone();
  };
  const configured = configOf({ ...environment, ...clinic.env }, clinic.files);
  const work = diagnose(clinic.config?.(configured) ?? configured, {
    clock,
    signal: new AbortController().signal,
    pveFetch: async (url, { method, headers, body }) => {
      const path = pathOf(url);
      note("PVE", method, url);
      if (clinic.pveFails !== undefined) throw clinic.pveFails;
      const init = { method, headers, ...(body === undefined ? {} : { body: body as string }) };
      const answer = instead(clinic.pveInstead, path) ?? (await pve.handler(new Request(url, init)));
      const change = clinic.pveSays?.[path];
      if (change === undefined || answer.status !== 200) return dated(answer, ahead.pve);
      const { data } = (await answer.json()) as { data: never };
      return dated(Response.json({ data: change(data) }, { statusText: "OK" }), ahead.pve);
    },
    githubFetch: async (input, init) => {
      const request = new Request(input, init);
      note("GitHub", request.method, request.url);
      const answer = instead(clinic.githubInstead, pathOf(request.url)) ?? (await github.handler(request));
      return dated(answer, ahead.github);
    },
  });
  return patiently(clock, work);
}

/** Lets time pass only where nothing else goes on: deadlines are never reached by it, pauses are. */
async function patiently<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  work.then(end, end);
  for (let turn = 1; !over; turn++) {
    await setImmediate();
    if (turn % 50 === 0) await clock.pass(1_000);
  }
  return work;
}

/** All that is not good, as `level subject: what`. */
export const illsOf = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ level }) => level !== "good").map(({ level, subject, what }) => `${level} ${subject}: ${what}`);
