import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Audit } from "../audit.ts";
import type { Host } from "../github/runner-wire.ts";
import type { Boot, GuestSystem, Machine } from "../machine.ts";
import { ownVolume } from "../pve/disks.ts";
import { pause, type WorldTime } from "../time.ts";
import { createAgent } from "./agent.ts";
import { commandLine } from "./command-line.ts";
import { createDisks, type Disks } from "./disks.ts";
import { askForEnd, readGuestFile, startInGuest, writeGuestFile } from "./files.ts";
import { createTrays } from "./media.ts";
import { createMonitor, type Monitor } from "./monitor.ts";
import type { QemuImage, QemuSpec } from "./spec.ts";

/** Guests that QEMU runs. Their time is real, whatever the world's is. */
export interface RealGuests {
  /** Whether a disk's image is one of theirs. */
  have(image: string): boolean;
  readonly boot: Boot;
  /** The machine that runs under this name. */
  named(name: string): Host | null;
  /** A disk was removed. */
  forget(volume: string): void;
  /** Ends all of them. */
  close(): void;
}

interface Parts {
  readonly spec: QemuSpec;
  readonly time: WorldTime;
  readonly audit: Audit;
}

const GiB = 1024 ** 3;
/** How often a change of the CD drives is looked for. */
const trayPeriod = 100;

export function createRealGuests(parts: Parts): RealGuests {
  const { spec } = parts;
  const disks = createDisks(join(spec.folder, "disks"));
  const running = new Map<string, Host>();
  const ends = new Set<() => void>();
  mkdirSync(join(spec.folder, "consoles"), { recursive: true });

  return {
    have: (image) => Object.hasOwn(spec.images, image),
    named: (name) => running.get(name) ?? null,
    forget: (volume) => disks.forget(volume),
    close: () => {
      for (const end of ends) end();
    },
    boot(machine) {
      const image = spec.images[machine.image];
      if (image === undefined) throw new Error(`image ${machine.image}: no real guest has it`);
      const name = String(machine.config?.get("name") ?? machine.vmid);
      running.set(name, machine);
      const { system, end } = start(parts, { machine, image, name, disks }, () => {
        if (running.get(name) === machine) running.delete(name);
        ends.delete(end);
      });
      ends.add(end);
      return system;
    },
  };
}

interface Order {
  readonly machine: Machine;
  readonly image: QemuImage;
  readonly name: string;
  readonly disks: Disks;
}

function start(
  { spec, time, audit }: Parts,
  { machine, image, name, disks }: Order,
  ended: () => void,
): { system: GuestSystem; end: () => void } {
  const folder = mkdtempSync(join(spec.folder, `${machine.vmid}-`));
  const trays = createTrays(join(folder, "media"));
  const sockets = { monitor: join(folder, "monitor"), agent: join(folder, "agent") };
  const note = (what: string): void => audit({ event: "guest", vmid: machine.vmid, what });
  const dead = new AbortController();

  trays.follow(machine.media());
  const line = commandLine({
    config: machine.config ?? new Map(),
    image,
    accelerator: spec.accelerator,
    sockets,
    console: join(spec.folder, "consoles", `${name}.log`),
    tray: (slot) => trays.in(slot),
    // What a template holds is its image: the disk of a clone begins where that ends.
    disk: (slot, drive) => {
      const first = !/[1-9]/.test(slot);
      return disks.file(ownVolume(drive.volume), first ? image.disk : null, bytesOf(drive.options.get("size")));
    },
  });
  // It ends with this process, however that ends.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...line], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => {
    complaint += text.toString();
  });
  child.once("error", (error) => gone(String(error)));
  child.once("exit", (code, signal) => gone(code === 0 ? null : `${signal ?? code} ${complaint.trim()}`));

  /** Null: it powered off. */
  function gone(why: string | null): void {
    if (dead.signal.aborted) return;
    dead.abort();
    if (!machine.off.aborted) note(why === null ? "powers off" : `QEMU ended: ${why}`);
    rmSync(folder, { recursive: true, force: true });
    ended();
    machine.powerOff();
  }

  const end = (): void => void child.kill("SIGKILL");
  machine.off.addEventListener("abort", end, { once: true });
  const monitor = createMonitor(sockets.monitor, dead.signal);
  const agent = createAgent(sockets.agent, time, dead.signal);
  void followTrays();

  async function followTrays(): Promise<void> {
    while (!dead.signal.aborted && !machine.off.aborted) {
      for (const slot of trays.follow(machine.media())) await change(monitor, slot, trays.in(slot));
      await pause(time, trayPeriod);
    }
  }

  return {
    end,
    system: {
      agentAnswers: () => agent.answers(),
      readFile: (path) => readGuestFile(agent, path),
      writeFile: (path, content) => writeGuestFile(agent, path, content),
      execute: (command, input) => startInGuest(agent, command, input),
      executed: (pid) => askForEnd(agent, pid),
      ask: (command) => agent.ask(`guest-${command}`),
    },
  };
}

/** As PVE does it: by force, also while the guest has the medium mounted. */
async function change(monitor: Monitor, slot: string, file: string | null): Promise<void> {
  await monitor.run("eject", { id: slot, force: true }).catch(() => {});
  if (file === null) return;
  const medium = { id: slot, filename: file, format: "raw", "read-only-mode": "read-only" };
  await monitor.run("blockdev-change-medium", medium).catch(() => {});
}

/** `8G`, as it stands in a drive. */
function bytesOf(size: string | undefined): number {
  const [, amount = "", unit = ""] = /^([\d.]+)([KMGT]?)/.exec(size ?? "") ?? [];
  const factor = { "": 1, K: 1024, M: 1024 ** 2, G: GiB, T: 1024 * GiB }[unit] ?? 1;
  return Math.round(Number(amount) * factor) || 4 * GiB;
}
