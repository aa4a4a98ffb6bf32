import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Who holds a lease, and whether another holder is known to be dead. */
export interface Identity {
  readonly holder: string;
  readonly isDead: (holder: string) => boolean;
}

/**
 * The host's name and process id for people; the boot and the process namespace, so that a restart can tell that the
 * process before it, which could not give its lease back, has ended.
 */
export function processIdentity(): Identity {
  const where = `${bootId()}.${namespace()}`;
  return {
    holder: `${hostname()}:${process.pid}@${where}`,
    isDead(holder) {
      const [, pid, at] = /:(\d+)@(\S+)$/.exec(holder) ?? [];
      if (pid === undefined || at !== where || where.includes(unknown)) return false;
      // Our own number, but not our lease: an earlier process of that number, as in a container.
      return Number(pid) === process.pid || !isAlive(Number(pid));
    },
  };
}

const unknown = "?";

const bootId = (): string => tried(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim().slice(0, 8));

const namespace = (): string => tried(() => /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? unknown);

function tried(read: () => string): string {
  try {
    return read();
  } catch {
    return unknown;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive, too.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
