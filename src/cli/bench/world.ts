/** Alone and first: it warms up both processes and their connections. */
export const warmUpAtMs = 1_000;
const burstAtMs = 4_000;

/** Two nodes that a push hands `jobs` jobs at once. */
export const benchWorld = (jobs: number, pools: string): unknown => ({
  pve: {
    nodes: [{ name: "pve1" }, { name: "pve2" }],
    storages: [{ name: "local", shared: true }],
    guests: [
      { vmid: 9000, name: "bench", node: "pve1", template: true },
      { vmid: 9001, name: "bench", node: "pve2", template: true },
    ],
    durations: { clone: 350, upload: 350 },
  },
  github: {
    repositories: [{ name: "octo/bench" }],
    jobs: [
      { repository: "octo/bench", labels, name: "first", atMs: warmUpAtMs },
      { repository: "octo/bench", labels, name: "burst", count: jobs, jobsPerRun: jobs, atMs: burstAtMs },
    ],
  },
  dispatcher: { TEMPLATE_NAME: "bench", RUNNER_LABELS: "linux", DISPATCHER_CONFIG: pools, POLL_INTERVAL: "1" },
});

const labels = ["self-hosted", "linux"];

export const benchPools = (jobs: number): string => `pools:
  - name: bench
    nodes: [pve1, pve2]
    vmids: "200-299"
    max_runners: ${jobs + 1}
`;
