import { createHash } from "node:crypto";
import { Bash } from "just-bash";
import type { ContainerSystem, MakeContainer } from "../container.ts";
import { commandsOf } from "./commands.ts";
import { Root } from "./root.ts";
import { session } from "./session.ts";

export interface Scripted {
  readonly make: MakeContainer;
  /** What became of each container, by VMID, also of those that were destroyed. */
  readonly roots: ReadonlyMap<number, Root>;
}

/** Containers whose shell is an interpreter over files in memory: quick, and good enough for an installation's script. */
export function scriptedContainers(): Scripted {
  const roots = new Map<number, Root>();
  return {
    roots,
    async make({ vmid, hostname, password, keys, archive }): Promise<ContainerSystem> {
      const release = /debian-(\d+)/.exec(archive.id)?.[1] ?? "13";
      const root = new Root({ hostname, password, keys, release });
      roots.set(vmid, root);
      const bash = new Bash({
        fs: root.files,
        cwd: "/root",
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" },
        // What runs here comes from our own side, and its guards would patch the globals of the whole program.
        defenseInDepth: false,
        executionLimits: { maxExecutionTimeMs: Number.POSITIVE_INFINITY },
        sleep: async () => {},
        customCommands: commandsOf(root),
      });
      return {
        fingerprints: [
          `SHA256:${createHash("sha256").update(`${vmid} ${hostname}`).digest("base64").replace("=", "")}`,
        ],
        start: async () => {
          root.active = root.enabled;
        },
        stop: async () => {
          root.active = false;
        },
        destroy: async () => {},
        addresses: () => null,
        console: (mode, print) => session(root, bash, mode, print),
      };
    },
  };
}
