import { existsSync, readFileSync } from "node:fs";
import type { TemplateTexts } from "../../src/app/dispatcher.ts";
import { load } from "../../src/app/load.ts";
import type { Config } from "../../src/config/config.ts";
import { asLeaseTimes, type LeaseTimes } from "../../src/domain/lease.ts";
import { HOUR, type Ms, SECOND } from "../../src/domain/time.ts";
import type { GithubSpec } from "../../src/emulator/github/spec.ts";
import type { PveSpec } from "../../src/emulator/pve/spec.ts";
import { Random } from "./random.ts";
import { githubOf, pveOf, pveToken } from "./servers.ts";

/** Somebody's jobs, as a workflow would word them. */
export interface JobKind {
  readonly repository: string;
  readonly labels: readonly string[];
}

/** What a seed's run is about, before any weather. */
export interface Setting {
  readonly seed: number;
  readonly config: Config;
  readonly templates: TemplateTexts;
  readonly pve: PveSpec;
  readonly github: GithubSpec;
  /** The dispatcher's token at GitHub; each life has a name of its own for it. */
  readonly githubToken: string;
  readonly nodes: readonly string[];
  readonly jobs: {
    readonly eligible: readonly JobKind[];
    /** Nobody serves these: no pool has the label, or policy refuses. */
    readonly refused: readonly (JobKind & { readonly fork?: true })[];
    /** Whoever's runner is free serves these, and no list that we read shows it. */
    readonly unpolled: JobKind | null;
  };
  /** Spelled out: they are also what the judge goes by, and a mistake in the product's must not be the judge's too. */
  readonly leaseTimes: LeaseTimes;
  readonly longestHardLifetime: Ms;
  /** A runner of such a pool may work for repositories that nobody polls. */
  readonly hasOpenPool: boolean;
  /** The emulator's own guests, with a shell in each, instead of scripted ones. */
  readonly realGuests: boolean;
}

/** Jobs that must be served are called so; all others may wait for ever. */
export const eligibleName = "served";
export const instance = "sim";

/** The product's own templates, as if they lay in /sim. */
function shipped(path: string): string | null {
  const file = path.replace(/^\/sim\//, "templates/");
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

export function settingOf(seed: number, options: { readonly realGuests?: boolean } = {}): Setting {
  const random = new Random(seed, "setting");
  const nodes = random.happens(0.4) ? ["pve1", "pve2", "pve3"] : ["pve1", "pve2"];
  const hasOpenPool = random.happens(0.2);
  const lifetimes = { linked: random.between(2, 4), full: random.between(2, 4), token: random.between(2, 4) };
  // A confined token sees what is in its resource pool, so each pool has one then.
  const confined = random.happens(0.3);
  const delivery = new Random(seed, "delivery").happens(0.3) && !options.realGuests ? "agent" : "iso";
  const all = poolsOf(random, nodes, lifetimes, { open: hasOpenPool, confined, delivery });
  // Each pool has a lease and repositories of its own: most of what a quiet dispatcher asks for.
  const first = random.below(all.length);
  const kept = random.pick([1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3]);
  const pools = all.filter((_, at) => (at - first + all.length) % all.length < kept);
  const served = new Set(pools.flatMap(({ labels }) => labels));
  const githubToken = "github_pat_sim00000000000000000000000000";
  const { config, templates } = loadedOf(random, pools);
  return {
    seed,
    config,
    templates,
    nodes,
    githubToken,
    pve: pveOf(random, nodes, confined),
    github: githubOf(random, githubToken),
    jobs: {
      eligible: [
        { repository: "octo/alpha", labels: ["self-hosted", "linux", "small"] },
        { repository: "octo/alpha", labels: ["Self-Hosted", "Small"] },
        { repository: "acme/one", labels: ["self-hosted", "large"] },
        { repository: "acme/two", labels: ["self-hosted", "linux", "large"] },
        { repository: "octo/beta", labels: ["self-hosted", "linux", "tok"] },
      ].filter(({ labels }) => labels.some((label) => served.has(label.toLowerCase()) && label !== "linux")),
      refused: [
        { repository: "octo/alpha", labels: ["self-hosted", "windows"] },
        { repository: "octo/alpha", labels: ["ubuntu-latest"] },
        { repository: "octo/alpha", labels: ["self-hosted", "small"], fork: true },
        { repository: "acme/one", labels: ["self-hosted", "gpu"] },
        { repository: "octo/open", labels: ["self-hosted", "linux", "small"] },
      ],
      unpolled:
        hasOpenPool && served.has("large")
          ? { repository: "acme/hidden", labels: ["self-hosted", "linux", "large"] }
          : null,
    },
    leaseTimes: leaseTimesOf(seed),
    longestHardLifetime: Math.max(...Object.values(lifetimes)) * HOUR,
    hasOpenPool,
    realGuests: options.realGuests ?? false,
  };
}

/** Renewals are most of what a quiet dispatcher says. In most runs they come seldom, which leaves time for more runs. */
function leaseTimesOf(seed: number): LeaseTimes {
  const stretch = new Random(seed, "lease").pick([1, 6, 6, 6, 6, 6]);
  return asLeaseTimes({
    term: stretch * 45 * SECOND,
    holding: stretch * 30 * SECOND,
    betweenRenewals: stretch * 12 * SECOND,
    betweenLooks: stretch * 2 * SECOND,
  });
}

function poolsOf(
  random: Random,
  nodes: readonly string[],
  hours: { readonly linked: number; readonly full: number; readonly token: number },
  { open, confined, delivery }: { readonly open: boolean; readonly confined: boolean; readonly delivery: string },
): readonly PoolEntry[] {
  const resourcePool = (): string | undefined => (confined || random.happens(0.5) ? "runners" : undefined);
  return [
    {
      name: "linked",
      labels: ["linux", "small"],
      github: { repository: "octo/alpha" },
      nodes,
      vmids: "200-211",
      max_runners: random.pick([2, 3, 4, 5, 8]),
      runner_name_prefix: "sim-l",
      hard_lifetime: `${hours.linked}h`,
      delivery,
      resource_pool: resourcePool(),
    },
    {
      name: "full",
      labels: ["linux", "large"],
      github: {
        organisation: "acme",
        repositories: ["acme/one", "acme/two"],
        ...(open ? {} : { runner_group: "builders" }),
      },
      nodes,
      vmids: "300-309",
      max_runners: random.between(2, 3),
      runner_name_prefix: "sim-f",
      resource_pool: resourcePool(),
      clone: "full",
      clone_storage: "disks",
      delivery,
      hard_lifetime: `${hours.full}h`,
    },
    {
      name: "token",
      labels: ["linux", "tok"],
      github: { repository: "octo/beta" },
      nodes: nodes.slice(0, 1),
      vmids: "400-407",
      max_runners: 2,
      runner_name_prefix: "sim-t",
      resource_pool: resourcePool(),
      registration: "token",
      hard_lifetime: `${hours.token}h`,
    },
  ];
}

interface PoolEntry extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly labels: readonly string[];
  readonly max_runners: number;
}

function loadedOf(
  random: Random,
  pools: readonly PoolEntry[],
): { readonly config: Config; readonly templates: TemplateTexts } {
  const most = pools.reduce((sum, pool) => sum + pool.max_runners, 0);
  const file = JSON.stringify({ max_total_runners: Math.max(2, most - random.between(0, 2)), pools });
  const loaded = load({
    env: {
      PROXMOX_URL: "https://pve.sim:8006",
      PROXMOX_NODE: "pve1",
      PROXMOX_TOKEN_ID: pveToken.id,
      PROXMOX_TOKEN_SECRET: pveToken.secret,
      PROXMOX_STORAGE: "local",
      GITHUB_TOKEN: "ghp_unused000000000000000000000000000000",
      TEMPLATE_NAME: "sim-base",
      POLL_INTERVAL: String(random.pick([30, 60, 90, 120, 120, 180, 180, 240, 240, 240])),
      IDLE_TIMEOUT: `${random.between(2, 6)}m`,
      BOOT_TIMEOUT: `${random.between(5, 10)}m`,
      DISPATCHER_LISTEN: "off",
      DISPATCHER_INSTANCE: instance,
      DISPATCHER_CONFIG: "/sim/dispatcher.yaml",
    },
    files: {
      read: (path) => (path === "/sim/dispatcher.yaml" ? file : shipped(path)),
    },
    cwd: "/sim",
    builtinTemplate: "/sim/runner.yaml.ejs",
  });
  if (!loaded.ok) throw new Error(`the simulation's configuration: ${loaded.problems.join("; ")}`);
  return loaded;
}
