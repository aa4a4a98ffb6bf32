import { posix } from "node:path";
import { runService } from "./service.ts";
import type { System } from "./system.ts";
import { readUnit, settingOf, type Unit } from "./units.ts";

export type Started = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** systemd, as far as throw-away guests use it. */
export interface Services {
  /** `wait`: until it is up, or over where it is of type oneshot. */
  start(name: string, wait: boolean): Promise<Started>;
  stop(name: string): void;
  active(name: string): boolean;
  exists(name: string): Promise<boolean>;
  /** Something may have been written: a watched path starts its service. */
  notice(): void;
}

const folders = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"];

export function createServices(system: System): Services {
  const running = new Map<string, AbortController>();
  /** Path units that watch: name → what they start. */
  const watching = new Map<string, { readonly paths: readonly string[]; readonly service: string }>();

  async function load(name: string): Promise<Unit | null> {
    for (const folder of folders) {
      const path = posix.join(folder, name);
      if (!(await system.files.exists(path))) continue;
      return readUnit(await system.files.readFile(path));
    }
    return null;
  }

  async function look(): Promise<void> {
    for (const { paths, service } of watching.values()) {
      if (running.has(service)) continue;
      for (const path of paths) {
        if (!(await system.files.exists(path))) continue;
        system.note(`${path} appeared: ${service} starts`);
        void start(service, false);
        break;
      }
    }
  }

  async function start(given: string, wait: boolean): Promise<Started> {
    const name = unitName(given);
    const unit = await load(name);
    if (unit === null) return { ok: false, why: `Unit ${name} not found.` };
    if (running.has(name) || watching.has(name)) return { ok: true };
    if (name.endsWith(".path")) {
      const paths = ["PathExists", "PathChanged", "PathModified"].flatMap((key) => unit.get(`Path.${key}`) ?? []);
      watching.set(name, { paths, service: settingOf(unit, "Path.Unit") ?? name.replace(/\.path$/, ".service") });
      await look();
      return { ok: true };
    }
    if (!name.endsWith(".service")) return { ok: true };
    const stop = new AbortController();
    running.set(name, stop);
    const run = runService(system, name, unit, stop);
    void run.over.then(() => {
      running.delete(name);
      return look();
    });
    if (!wait) return { ok: true };
    return run.up;
  }

  return {
    start,
    active: (name) => running.has(unitName(name)) || watching.has(unitName(name)),
    exists: async (name) => (await load(unitName(name))) !== null,
    stop(name) {
      watching.delete(unitName(name));
      running.get(unitName(name))?.abort();
    },
    notice: () => {
      if (watching.size > 0) void look();
    },
  };
}

export const unitName = (name: string): string => (/\.\w+$/.test(name) ? name : `${name}.service`);
