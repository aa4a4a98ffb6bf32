/** What `emulate` pretends when nobody describes a world: a small node with a template, and a job every now and then. */
export const sampleWorld = {
  pve: {
    nodes: [{ name: "pve1" }],
    storages: [{ name: "local" }],
    guests: [
      { vmid: 9000, name: "runner-template", template: true },
      { vmid: 200, name: "somebody-elses" },
    ],
  },
  github: {
    repositories: [{ name: "octo/demo" }],
    jobs: [{ repository: "octo/demo", labels: ["self-hosted", "linux"], count: 100, atMs: 10_000, everyMs: 60_000 }],
  },
  dispatcher: { RUNNER_NAME_PREFIX: "runner", RUNNER_MAX: "4" },
};
