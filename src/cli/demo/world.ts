/** What the demo varies. */
export interface DemoWorldOptions {
  readonly jobs: number;
  readonly registration: "jit" | "token";
  readonly delivery: "iso" | "snippets" | "agent";
  /** Absolute path: the folder behind the emulated snippets storage. */
  readonly snippets: string;
  /** Absolute path of the pools' file. */
  readonly config: string;
}

/** One pool over both nodes; everything else comes from the environment file. */
export const demoPools = `pools:
  - name: demo
    nodes: [pve1, pve2]
    max_runners: 12
`;

/**
 * Two nodes that others use too: guests of theirs lie inside our VMID range, some with our name prefix, and two of them
 * will be given the name and description of our first guest.
 */
export function demoWorld({ jobs, registration, delivery, snippets, config }: DemoWorldOptions): unknown {
  return {
    pve: {
      nodes: [
        { name: "pve1", memoryGiB: 64 },
        { name: "pve2", memoryGiB: 64 },
      ],
      storages: [
        { name: "local", content: ["iso", "vztmpl", "snippets"], shared: true, snippetsFolder: snippets },
        { name: "local-lvm", content: ["images"] },
      ],
      tokens: [{ id: "dispatcher@pve!demo", secret: "2f1c6f0e-demo-demo-demo-5b7a9c3d1e0f", privileges: "all" }],
      guests: [
        { vmid: 9000, name: "demo-template", node: "pve1", template: true },
        { vmid: 9001, name: "demo-template", node: "pve2", template: true },
        { vmid: 200, name: "demo-abcdefghij", node: "pve1" },
        { vmid: 201, name: "demo-database", node: "pve1", running: true, image: "no-runner" },
        { vmid: 202, name: "demo-golden", node: "pve2", template: true },
        { vmid: 203, name: "demo-backup", node: "pve2", lock: "backup" },
        { vmid: 204, name: "demo-precious", node: "pve1", protection: true },
        { vmid: 205, name: "web", node: "pve1" },
        { vmid: 206, name: "mail", node: "pve2", running: true, image: "no-runner" },
      ],
      volumes: [{ storage: "local", name: "iso/debian-13.iso", size: 700_000_000 }],
      copyMarkerTo: [205, 206],
    },
    github: {
      tokens: [{ token: "github_pat_demo0000000000000000000000" }],
      repositories: [{ name: "octo/demo", private: true }],
      jobs: arrivals(jobs),
    },
    dispatcher: {
      PROXMOX_NODE: "pve1",
      PROXMOX_STORAGE: "local",
      TEMPLATE_NAME: "demo-template",
      RUNNER_NAME_PREFIX: "demo",
      RUNNER_ID_START: "200",
      RUNNER_ID_END: "299",
      RUNNER_LABELS: "linux,x64",
      DISPATCHER_CONFIG: config,
      REGISTRATION: registration,
      DELIVERY: delivery,
      ...(delivery === "snippets" ? { SNIPPETS_DIR: snippets } : {}),
    },
  };
}

/** A burst at the start, as a push makes it; the rest trickles in. Life times: a minute of work, a few seconds apart. */
function arrivals(jobs: number): readonly unknown[] {
  const burst = Math.ceil(jobs / 2);
  const common = { repository: "octo/demo", labels: ["self-hosted", "linux", "x64"], durationMs: 45_000 };
  return [
    { ...common, name: "build", count: burst, jobsPerRun: 4, atMs: 20_000, everyMs: 0 },
    ...(jobs > burst ? [{ ...common, name: "test", count: jobs - burst, atMs: 60_000, everyMs: 5_000 }] : []),
  ];
}
