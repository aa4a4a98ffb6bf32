import { type Ms, SECOND } from "../../src/domain/time.ts";
import { Disk } from "./disk.ts";
import { Life, type LifeParts, type Moment } from "./life.ts";
import { Random } from "./random.ts";

export type Restored = "as it was" | "empty" | "old" | "torn";

/** How a daemon ends, and how it comes back. */
export interface Death {
  readonly moment: Moment | "now";
  readonly wanted: (what: string) => boolean;
  readonly skip: number;
  readonly down: Ms;
  readonly disk: Restored;
  /** What the machine's clock is off by afterwards. */
  readonly offset: Ms;
}

type Machine = "one" | "two";

/** What all lives share. */
export type DaemonParts = Omit<LifeParts, "random" | "offset" | "disk" | "isDead" | "machine">;

interface Record {
  readonly life: Life;
  readonly machine: Machine;
}

/** The machines on which daemons run, one or two at a time. */
export class Daemons {
  readonly kills = new Map<string, number>();
  readonly #parts: DaemonParts;
  readonly #records: Record[] = [];
  readonly #disks = { one: new Disk(), two: new Disk() };
  readonly #offsets = { one: 0, two: 0 };

  constructor(parts: DaemonParts) {
    this.#parts = parts;
  }

  start(machine: Machine = "one"): void {
    if (this.running(machine) !== null) return;
    const number = this.#records.length + 1;
    const life = new Life(number, {
      ...this.#parts,
      machine,
      random: new Random(this.#parts.setting.seed, `life ${number}`),
      disk: this.#disks[machine],
      offset: this.#offsets[machine],
      isDead: (other) => this.#isDeadOn(machine, other),
    });
    this.#records.push({ life, machine });
    life.begin();
  }

  disk(machine: Machine): Disk {
    return this.#disks[machine];
  }

  running(machine: Machine): Life | null {
    return this.#records.find((record) => record.machine === machine && record.life.alive())?.life ?? null;
  }

  isAlive(number: number): boolean {
    return this.#records[number - 1]?.life.alive() ?? false;
  }

  /** At the next such moment, or at once. */
  kill(machine: Machine, death: Death): void {
    const life = this.running(machine);
    if (life === null) return;
    const { moment, skip, wanted } = death;
    const over = (where: string): void => {
      this.kills.set(where, (this.kills.get(where) ?? 0) + 1);
      this.comeBack(machine, death);
    };
    if (moment !== "now") {
      life.lay({ moment, wanted, left: skip + 1, sprung: over });
      return;
    }
    life.kill("at no point in particular");
    over("at no point in particular");
  }

  comeBack(machine: Machine, { disk, down, offset }: Pick<Death, "disk" | "down" | "offset">): void {
    this.#offsets[machine] = offset;
    this.#parts.time.after(down, () => {
      if (this.running(machine) !== null) return;
      this.#restore(machine, disk);
      this.start(machine);
    });
  }

  /** Nothing lies in wait any more, and one daemon runs. */
  calm(): void {
    for (const { life } of this.#records) life.disarm();
    if (this.running("two") !== null) this.running("two")?.stop();
    if (this.running("one") === null) this.#parts.time.after(10 * SECOND, () => this.start("one"));
  }

  lives(): number {
    return this.#records.length;
  }

  #restore(machine: Machine, how: Restored): void {
    const disk = this.#disks[machine];
    if (how !== "as it was") this.#parts.history.add("disk", `of machine ${machine}: ${how}`);
    if (how === "empty") disk.wipe();
    if (how === "old") disk.restoreOld();
    if (how === "torn") disk.tear(17);
  }

  /** A machine knows of its own processes alone. */
  #isDeadOn(machine: Machine, number: number): boolean {
    const record = this.#records[number - 1];
    return record !== undefined && record.machine === machine && !record.life.alive();
  }
}
