import { SECOND } from "../../domain/time.ts";
import type { WorldTime } from "../time.ts";

/** PVE waits this long for a guest's lock file. */
const patience = 10 * SECOND;

type Release = () => void;
interface Waiter {
  readonly wake: () => void;
}

/** The lock files of guests: a clone shares its source's with other clones; all that changes a guest holds its alone. */
export class FileLocks {
  readonly #time: WorldTime;
  readonly #files = new Map<number, { readers: number; writer: boolean; readonly waiters: Set<Waiter> }>();

  constructor(time: WorldTime) {
    this.#time = time;
  }

  /** Null when the lock was not free within ten seconds. */
  shared(vmid: number): Promise<Release | null> {
    return this.#acquire(vmid, false);
  }

  exclusive(vmid: number): Promise<Release | null> {
    return this.#acquire(vmid, true);
  }

  isHeld(vmid: number): boolean {
    const file = this.#files.get(vmid);
    return file !== undefined && (file.writer || file.readers > 0);
  }

  async #acquire(vmid: number, alone: boolean): Promise<Release | null> {
    const now = this.#take(vmid, alone);
    if (now !== null) return now;
    return new Promise((resolve) => {
      const waiters = this.#file(vmid).waiters;
      const waiter: Waiter = {
        wake: () => {
          const release = this.#take(vmid, alone);
          if (release === null) return;
          waiters.delete(waiter);
          callOff();
          resolve(release);
        },
      };
      waiters.add(waiter);
      const callOff = this.#time.after(patience, () => {
        waiters.delete(waiter);
        resolve(null);
      });
    });
  }

  #take(vmid: number, alone: boolean): Release | null {
    const file = this.#file(vmid);
    if (file.writer || (alone && file.readers > 0)) return null;
    if (alone) file.writer = true;
    else file.readers++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (alone) file.writer = false;
      else file.readers--;
      for (const waiter of [...file.waiters]) waiter.wake();
      if (!file.writer && file.readers === 0 && file.waiters.size === 0) this.#files.delete(vmid);
    };
  }

  #file(vmid: number): { readers: number; writer: boolean; readonly waiters: Set<Waiter> } {
    const file = this.#files.get(vmid) ?? { readers: 0, writer: false, waiters: new Set<Waiter>() };
    this.#files.set(vmid, file);
    return file;
  }
}
