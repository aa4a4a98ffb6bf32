import { type GithubSpec, githubSpec } from "../../src/emulator/github/spec.ts";
import { type PveSpec, pveSpec } from "../../src/emulator/pve/spec.ts";
import type { Random } from "./random.ts";

export const adminToken = { id: "admin@pam!ops", secret: "99999999-8888-4777-8666-555555555555" };
export const pveToken = { id: "dispatcher@pve!sim", secret: "2f1c6f0e-1111-4222-8333-5b7a9c3d1e0f" };
export const adminGithubToken = "ghp_admin0000000000000000000000000000000";

/** In our ranges, and not ours. */
const foreignVmids = [204, 205, 303, 403] as const;

export function pveOf(random: Random, nodes: readonly string[], confined: boolean): PveSpec {
  return pveSpec.parse({
    generation: random.happens(0.5) ? "9.2" : "8.4",
    nodes: nodes.map((name) => ({ name })),
    storages: [
      { name: "local", content: ["iso", "vztmpl", "snippets"], shared: true },
      { name: "disks", content: ["images"], shared: true, sizeGiB: 10_000 },
    ],
    resourcePools: ["runners"],
    tokens: [
      {
        ...pveToken,
        privileges: "all",
        confined,
        deletesVolumes: random.happens(0.7),
      },
      { ...adminToken, privileges: "all" },
    ],
    guests: [
      ...nodes.map((node, at) => ({ vmid: 9000 + at, name: "sim-base", node, template: true, protection: at === 1 })),
      { vmid: foreignVmids[0], name: "sim-l-abcdefghij", node: "pve1" },
      { vmid: foreignVmids[1], name: "database", node: "pve2", running: true, image: "no-runner" },
      { vmid: foreignVmids[2], name: "sim-f-golden", node: "pve2", protection: true },
      { vmid: foreignVmids[3], name: "mail", node: "pve1", lock: "backup" },
      { vmid: 120, name: "web", node: "pve1", running: true, image: "no-runner" },
    ],
    volumes: [
      { storage: "local", name: "iso/debian-13.iso", size: 700_000_000 },
      { storage: "local", name: "iso/other-204.iso", size: 1_000 },
    ],
    copyMarkerTo: random.happens(0.5) ? [foreignVmids[0], 120] : [],
    resourcesLagMs: random.pick([0, 10_000, 10_000, 20_000]),
  });
}

export function githubOf(random: Random, token: string): GithubSpec {
  return githubSpec.parse({
    tokens: [{ token }, { token: adminGithubToken }],
    repositories: [
      { name: "octo/alpha" },
      { name: "octo/beta" },
      { name: "octo/open", private: false },
      { name: "acme/one" },
      { name: "acme/two" },
      { name: "acme/hidden" },
    ],
    organisations: [
      {
        login: "acme",
        groups: [{ id: 7, name: "builders", visibility: "selected", repositories: ["acme/one", "acme/two"] }],
      },
    ],
    pointsPerHour: random.happens(0.2) ? 400 : 5_000,
  });
}
