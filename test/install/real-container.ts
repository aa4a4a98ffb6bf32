import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerSystem, MakeContainer } from "../../src/emulator/container.ts";
import { run, runMeanwhile } from "./packages.ts";

const packages = ["systemd-sysv", "dbus", "nodejs", "ca-certificates", "openssh-server", "login", "passwd", "iproute2"];
const mirror = process.env.DEBIAN_MIRROR ?? "http://deb.debian.org/debian";

/** Debian 13 as PVE's own template has it, and Node, which an installation would otherwise fetch each time. Made once, then kept. */
export function debianArchive(): string {
  const key = createHash("sha256").update(packages.join()).digest("hex").slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dispatcher-tests");
  const archive = join(cache, `container-13-${key}.tar`);
  if (existsSync(archive)) return archive;
  mkdirSync(cache, { recursive: true });
  const half = join(cache, `.container-${process.pid}.tar`);
  run("mmdebstrap", ["--quiet", "--variant=minbase", `--include=${packages.join(",")}`, "trixie", half, mirror]);
  renameSync(half, archive);
  return archive;
}

export interface RealContainers {
  readonly make: MakeContainer;
  /** Runs a command inside, and gives what it printed. */
  inside(vmid: number, script: string): Promise<string>;
  /** Where its root file system lies. */
  root(vmid: number): string;
  close(): Promise<void>;
}

/** Containers with a real Debian: systemd, login, sshd, and a terminal of the kernel's. */
export function realContainers(): RealContainers {
  // Files in memory are written and removed in no time.
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "dispatcher-containers-"));
  const alive = new Map<number, Real>();
  return {
    make: async (given) => {
      const root = join(folder, String(given.vmid));
      mkdirSync(root, { recursive: true });
      const { bytes } = given.archive;
      const uploaded = join(folder, `${given.vmid}.tar.gz`);
      // What PVE fetched by itself has no bytes here.
      if (bytes.length > 0) writeFileSync(uploaded, bytes);
      unpack(bytes.length > 0 ? uploaded : debianArchive(), root);
      rmSync(uploaded, { force: true });
      settle(root, given);
      const real = new Real(root, given.vmid, given.hostname);
      alive.set(given.vmid, real);
      return real;
    },
    async inside(vmid, script) {
      const real = alive.get(vmid);
      if (real === undefined) throw new Error(`no container ${vmid}`);
      return runMeanwhile("nsenter", [...real.enter(), "/bin/sh", "-c", script]);
    },
    root: (vmid) => join(folder, String(vmid)),
    close: async () => {
      for (const real of alive.values()) await real.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** With PVE's options: of two files of one name the first wins. */
const unpack = (archive: string, root: string): string =>
  run("tar", ["-xpf", archive, "--numeric-owner", "--skip-old-files", "--anchored", "--exclude=./dev/*", "-C", root]);

/** What PVE writes into a container that it makes. */
function settle(root: string, { vmid, hostname, password, keys }: Parameters<MakeContainer>[0]): void {
  writeFileSync(join(root, "etc/hostname"), `${hostname}\n`);
  cpSync("/etc/resolv.conf", join(root, "etc/resolv.conf"), { dereference: true });
  cpSync("/etc/hosts", join(root, "etc/hosts"));
  if (password !== null) {
    const done = spawnSync("chroot", [root, "chpasswd"], { input: `root:${password}\n` });
    if (done.status !== 0) throw new Error(`chpasswd: ${done.stderr}`);
  }
  if (keys !== "") {
    mkdirSync(join(root, "root/.ssh"), { recursive: true, mode: 0o700 });
    writeFileSync(join(root, "root/.ssh/authorized_keys"), keys, { mode: 0o600 });
  }
  const ssh = join(root, "etc/ssh");
  if (!existsSync(join(ssh, "sshd_config"))) return;
  for (const kind of ["ecdsa", "ed25519", "rsa"]) {
    const key = join(ssh, `ssh_host_${kind}_key`);
    for (const file of [key, `${key}.pub`]) rmSync(file, { force: true });
    run("ssh-keygen", ["-q", "-t", kind, "-N", "", "-f", key]);
  }
  // The machine's own network: one address of the loopback interface is the container's.
  writeFileSync(join(ssh, "sshd_config.d/address.conf"), `ListenAddress ${addressOf(vmid)}\n`);
  rmSync(join(root, "etc/systemd/system/ssh.socket"), { force: true });
}

/** Of the machine's loopback interface. */
const addressOf = (vmid: number): string => `127.77.0.${vmid % 250}`;
const terminal = readFileSync(join(import.meta.dirname, "terminal.pl"), "utf8");

class Real implements ContainerSystem {
  readonly fingerprints: readonly string[];
  readonly #root: string;
  readonly #vmid: number;
  readonly #hostname: string;
  readonly #cgroup: string;
  #process: ChildProcess | null = null;
  #pid = 0;

  constructor(root: string, vmid: number, hostname: string) {
    this.#root = root;
    this.#vmid = vmid;
    this.#hostname = hostname;
    this.#cgroup = `${existsSync("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"}/dispatcher-test-${process.pid}-${vmid}`;
    const keys = existsSync(join(root, "etc/ssh")) ? readdirSync(join(root, "etc/ssh")) : [];
    this.fingerprints = keys
      .filter((name) => name.endsWith(".pub"))
      .map((name) => /SHA256:\S+/.exec(run("ssh-keygen", ["-lf", join(root, "etc/ssh", name)]))?.[0] ?? "");
  }

  enter(): readonly string[] {
    return ["-t", String(this.#pid), "-m", "-u", "-i", "-p", "-C", "-r", "-w"];
  }

  async start(): Promise<void> {
    const child = spawn("test/install/real-container", [this.#root, this.#hostname, this.#cgroup], { stdio: "ignore" });
    this.#process = child;
    for (let tries = 0; tries < 600; tries++) {
      await sleep(200);
      const found = spawnSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" }).stdout.trim();
      if (found === "") continue;
      this.#pid = Number(found.split("\n")[0]);
      const name = readFileSync(`/proc/${this.#pid}/comm`, "utf8").trim();
      if (
        name === "systemd" &&
        spawnSync("nsenter", [...this.enter(), "systemctl", "is-system-running"]).status !== null
      )
        return;
    }
    throw new Error(`container ${this.#vmid} did not start`);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    // What is left of it in the host's hierarchy; a last process may still be on its way out.
    for (let tries = 0; existsSync(this.#cgroup) && tries < 50; tries++) {
      spawnSync("find", [this.#cgroup, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"]);
      await sleep(100);
    }
  }

  async destroy(): Promise<void> {
    await this.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }

  addresses(): readonly string[] {
    return [`${addressOf(this.#vmid)}/8`];
  }

  console(mode: "tty" | "shell", print: (bytes: Uint8Array) => void) {
    const program =
      mode === "shell" ? ["/bin/bash", "-l"] : ["/sbin/agetty", "--noclear", "--local-line", "-", "linux"];
    const child = spawn("nsenter", [...this.enter(), "/usr/bin/perl", "-e", terminal, ...program], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", TERM: "linux" },
    });
    child.stdout.on("data", (chunk: Buffer) => print(chunk));
    child.stdin.on("error", () => {});
    return {
      type: (bytes: Uint8Array) => void child.stdin.write(bytes),
      hangUp: () => void child.kill("SIGHUP"),
    };
  }
}
