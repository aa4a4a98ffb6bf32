import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { worldSpec } from "../../src/emulator/world.ts";
import { wholeOf } from "../bootstrap/whole.ts";
import { Program } from "../e2e/stage.ts";
import { type RealContainers, realContainers } from "./real-container.ts";
import { worldStage } from "./world-stage.ts";

/** Beside what a container of PVE's own would be. */
export const standIns = [
  "LXC: systemd as process 1 of namespaces of its own, whose root is this machine's root; no AppArmor, no limits",
  "the bridge: this machine's own network; the container's address is on its loopback interface",
  "the template that PVE fetches: Debian 13 from mmdebstrap, with nodejs and an SSH server in it",
  "the terminal's proxy: a terminal of the kernel's behind the emulated websocket, agetty and login on it",
];

export const listen = "127.0.0.1:19181";
export const given = {
  adminPassword: "an administrator's password",
  adminToken: "99999999-8888-7777-6666-555555555555",
  github: "github_pat_11NEVER_TO_BE_SEEN",
};

/** How the administrator shows who he is. */
export const logins = {
  token: { PROXMOX_ADMIN_TOKEN_ID: "root@pam!admin", PROXMOX_ADMIN_TOKEN_SECRET: given.adminToken },
  ticket: { PROXMOX_ADMIN_USER: "root@pam", PROXMOX_ADMIN_PASSWORD: given.adminPassword },
};

const specOf = (labels: readonly string[]) =>
  worldSpec.parse({
    pve: {
      storages: [
        { name: "local", content: ["iso", "vztmpl"] },
        { name: "local-lvm", content: ["images", "rootdir"] },
      ],
      tokens: [{ id: "root@pam!admin", secret: given.adminToken }],
      access: { users: [{ userid: "root@pam", password: given.adminPassword, tokens: [{ tokenid: "admin" }] }] },
      guests: [
        { vmid: 9000, name: "base", template: true, storage: "local-lvm" },
        { vmid: 100, name: "foreign" },
      ],
    },
    guest: { boot: 1000, agent: 1000, shutdown: 500, register: 500, connect: 500 },
    github: {
      repositories: [{ name: "octo/demo" }],
      tokens: [{ token: given.github }],
      jobs: [{ repository: "octo/demo", labels, count: 1, durationMs: 3_000, atMs: 0 }],
    },
  });

/** An emulated PVE whose containers are real, an emulated GitHub with one job that waits, and an operator's folder. */
export async function realStage(
  t: TestContext,
  folder: string,
  login: Readonly<Record<string, string>>,
  labels: readonly string[] = ["self-hosted", "linux"],
) {
  const home = mkdtempSync(join(folder, "operator-"));
  const containers: RealContainers = realContainers();
  const passwords: string[] = [];
  const programs: Program[] = [];
  t.after(async () => {
    await Promise.all(programs.filter((program) => program.running()).map((program) => program.stop("SIGKILL")));
    await containers.close();
  });
  const world = await worldStage(t, specOf(labels), {
    makeContainer: (wanted) => {
      if (wanted.password !== null) passwords.push(wanted.password);
      return containers.make(wanted);
    },
  });
  const settings = {
    ...world.addresses,
    PROXMOX_NODE: "pve1",
    ...login,
    GITHUB_TOKEN: given.github,
    REPO_OWNER: "octo",
    REPO_NAME: "demo",
    TEMPLATE_NAME: "base",
    RUNNER_LABELS: "linux",
    RUNNER_NAME_PREFIX: "runner",
    POLL_INTERVAL: "2",
    DISPATCHER_LISTEN: listen,
  };
  return {
    ...world,
    containers,
    passwords,
    settings,
    whole: () => wholeOf(world.state),
    /** In a process of its own, as an operator calls it. */
    start(args: readonly string[], env: Readonly<Record<string, string>> = settings): Program {
      const program = new Program(["bootstrap", "--yes", ...args], home, env);
      programs.push(program);
      return program;
    },
    said: () => programs.map((program) => program.text()).join(""),
    record: () => readFileSync(join(home, "dispatcher.bootstrap.json"), "utf8"),
  };
}
