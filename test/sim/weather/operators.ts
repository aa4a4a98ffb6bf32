import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import { type Guest, isCloning, isRunning, lockOf, nameOf } from "../../../src/emulator/pve/guest.ts";
import type { Entry } from "../ledger.ts";
import type { Random } from "../random.ts";
import type { End, Kind, Stage } from "../stage.ts";

/** A guest that a person could find in the list: no clone under way, and nobody else at it. */
function found({ judge }: Stage, random: Random, wanted: (guest: Guest) => boolean = () => true): Entry | null {
  const settled = judge.ledger
    .ours()
    .filter(({ guest, doubt }) => doubt === null && !isCloning(guest) && lockOf(guest) === undefined)
    .filter(({ guest }) => !/"phase":"cloning"/.test(String(guest.config.get("description"))) && wanted(guest));
  return random.pick(settled) ?? null;
}

/** People touch a cluster seldom, but each touch may meet any step of ours: they come three times as often here. */
const operator = (
  name: string,
  weight: number,
  lasts: Kind["lasts"],
  begin: (stage: Stage, random: Random) => End | null,
): Kind => ({ name, weight: 3 * weight, lasts, begin });

/** Does it and says so; null where there is no guest to do it to. */
function toOne(
  stage: Stage,
  entry: Entry | null,
  what: string,
  work: (entry: Entry, path: string) => End | null,
): End | null {
  if (entry === null) return null;
  stage.count(`operators ${what}`);
  stage.history.add("operator", `${what} ${entry.vmid}`);
  return work(entry, `/nodes/${entry.guest.node}/qemu/${entry.vmid}`);
}

const doubted = (stage: Stage, entry: Entry, what: string): void => {
  entry.doubt = { since: stage.time.now(), what };
};

export const operatorKinds: readonly Kind[] = [
  operator("operators stop guests", 2, [0, 0], (stage, random) =>
    toOne(stage, found(stage, random, isRunning), "stop", (entry, path) => {
      entry.excuse ??= "an operator stops it";
      void stage.world.asAdmin("POST", `${path}/status/stop`);
      return null;
    }),
  ),
  operator("operators start guests", 1, [0, 0], (stage, random) =>
    toOne(
      stage,
      found(stage, random, (guest) => !isRunning(guest)),
      "start",
      (_entry, path) => {
        void stage.world.asAdmin("POST", `${path}/status/start`);
        return null;
      },
    ),
  ),
  operator("operators lock guests", 3, [MINUTE, 60 * MINUTE], (stage, random) =>
    toOne(stage, found(stage, random), "lock", ({ guest }) => {
      guest.config.set("lock", "backup");
      return () => void guest.config.delete("lock");
    }),
  ),
  operator("operators protect guests", 3, [2 * MINUTE, 90 * MINUTE], (stage, random) =>
    toOne(stage, found(stage, random), "protect", (entry) => {
      doubted(stage, entry, "protected");
      entry.guest.config.set("protection", 1);
      return () => {
        entry.guest.config.delete("protection");
        entry.doubt = null;
      };
    }),
  ),
  operator("operators rename guests", 3, [2 * MINUTE, 90 * MINUTE], (stage, random) =>
    toOne(stage, found(stage, random), "rename", (entry) => {
      const name = nameOf(entry.guest) ?? "";
      doubted(stage, entry, "renamed");
      entry.guest.config.set("name", "mine-now");
      const forGood = random.happens(0.2) && !stage.judge.ledger.ours().some((other) => other.forGood);
      if (forGood) entry.forGood = true;
      return () => {
        if (entry.forGood) return;
        entry.guest.config.set("name", name);
        entry.doubt = null;
      };
    }),
  ),
  operator("operators move guests out of their resource pool", 3, [2 * MINUTE, 90 * MINUTE], (stage, random) => {
    // A token that is confined to it would not see them any more, and could not count what it does not know.
    if (stage.setting.pve.tokens.some(({ confined }) => confined)) return null;
    const entry = found(stage, random, ({ resourcePool }) => resourcePool !== null);
    return toOne(stage, entry, "move out of its resource pool", (moved) => {
      const { guest } = moved;
      const before = guest.resourcePool;
      const wanted = stage.setting.config.pools.some(
        ({ name, guest: spec }) => name === moved.pool && spec.resourcePool !== null,
      );
      if (wanted) doubted(stage, moved, "outside its resource pool");
      guest.resourcePool = null;
      return () => {
        guest.resourcePool = before;
        moved.doubt = null;
      };
    });
  }),
  operator("operators migrate guests", 3, [0, 0], (stage, random) =>
    toOne(stage, found(stage, random), "migrate", (entry) => {
      const other = random.pick(stage.setting.nodes.filter((node) => node !== entry.guest.node));
      if (other === undefined) return null;
      entry.guest.config.set("lock", "migrate");
      stage.time.after(random.ms(2, 30) * SECOND, () => {
        // A guest is on one node at every moment: the emulator keeps it in the guest itself.
        Object.assign(entry.guest, { node: other });
        entry.guest.config.delete("lock");
        stage.history.add("operator", `${entry.vmid} is on ${other}`);
      });
      return null;
    }),
  ),
  operator("operators delete guests", 2, [0, 0], (stage, random) =>
    toOne(stage, found(stage, random), "delete", (entry, path) => {
      entry.excuse ??= "an operator deletes it";
      void stage.world.asAdmin("POST", `${path}/status/stop`);
      stage.time.after(3 * SECOND, () => void stage.world.asAdmin("DELETE", path));
      return null;
    }),
  ),
  operator("operators work in our range", 3, [MINUTE, 120 * MINUTE], (stage, random) =>
    ownGuest(stage, random, { name: random.happens(0.5) ? "sim-l-zzzzzzzzzz" : "somebody" }, true),
  ),
  // As a clone that a person makes of one of ours has it: the marker, word for word.
  operator("operators copy guests of ours", 3, [MINUTE, 120 * MINUTE], (stage, random) => {
    const entry = found(stage, random);
    if (entry === null) return null;
    const original = entry.guest;
    const description = String(original.config.get("description") ?? "");
    const { resourcePool } = original;
    const pool: Record<string, string> = resourcePool === null ? {} : { pool: resourcePool };
    const options = { name: nameOf(original) ?? "", description, ...pool };
    return ownGuest(stage, random, options, random.happens(0.5), entry.pool);
  }),
];

/** Somebody makes a guest of their own where we make ours. */
function ownGuest(
  { judge, setting, world, history, time, count }: Stage,
  random: Random,
  options: Readonly<Record<string, string>>,
  started: boolean,
  like: string | null = null,
): End | null {
  const pools = setting.config.pools.filter(({ name }) => like === null || name === like);
  const range = random.pick(pools)?.guest.range;
  const node = random.pick(setting.nodes);
  if (range === undefined || node === undefined) return null;
  const vmid = random.between(range.first, range.last - 1);
  if (judge.ledger.at(vmid) !== undefined) return null;
  count(options.description === undefined ? "operators work in our range" : "operators copy guests of ours");
  history.add("operator", `makes ${vmid}, called ${options.name}`);
  judge.ledger.expect(vmid, { madeBy: "operator", pool: null });
  const path = `/nodes/${node}/qemu`;
  void world.asAdmin("POST", path, { ...options, vmid, memory: 512 });
  const theirs = (): boolean => judge.ledger.at(vmid)?.madeBy === "operator";
  time.after(5 * SECOND, () => {
    if (started && theirs()) void world.asAdmin("POST", `${path}/${vmid}/status/start`);
  });
  return () => {
    if (!theirs()) return;
    void world.asAdmin("POST", `${path}/${vmid}/status/stop`);
    time.after(5 * SECOND, () => void world.asAdmin("DELETE", `${path}/${vmid}`));
  };
}
