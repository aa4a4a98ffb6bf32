import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Exchange } from "../exchange.ts";
import type { Fault, Treatment } from "../faults.ts";
import type { Random } from "../random.ts";
import type { Kind, Stage } from "../stage.ts";

type Lasts = readonly [number, number];
const short: Lasts = [30 * SECOND, 15 * MINUTE];

const fault = (
  name: string,
  weight: number,
  lasts: Lasts,
  make: (random: Random) => (exchange: Exchange) => Treatment | null,
): Kind => ({
  name,
  weight,
  lasts,
  begin({ faults }, random) {
    const treat = make(random);
    const one: Fault = { kind: name, treat: (exchange) => (exchange.service === "pve" ? treat(exchange) : null) };
    faults.begin(one);
    return () => faults.end(one);
  },
});

/** Some requests, of those that the entry has chosen. */
function some(random: Random): (exchange: Exchange) => boolean {
  const share = random.pick([0.1, 0.3, 0.7, 1]);
  const mutating = random.happens(0.7);
  return (exchange) => (!mutating || exchange.mutates) && random.happens(share);
}

const proxy = (random: Random, status: number, done: boolean): Treatment => ({
  kind: "answer",
  status,
  reason: status === 595 ? "Connection refused" : status === 596 ? "Connection timed out" : "Internal Server Error",
  body: random.happens(0.5) ? "" : "{}",
  done,
});

export const pveKinds: readonly Kind[] = [
  fault("PVE down", 3, [20 * SECOND, 25 * MINUTE], (random) => {
    const how = random.pick(["refused", "silence", "595"]);
    return () => {
      if (how === "silence") return { kind: "silence", done: false };
      return how === "refused" ? { kind: "refused" } : proxy(random, 595, false);
    };
  }),
  fault("PVE refuses connections now and then", 3, short, (random) => {
    const hit = some(random);
    return (exchange) => (hit(exchange) ? { kind: "refused" } : null);
  }),
  fault("PVE answers 500 and has done nothing", 3, short, (random) => {
    const hit = some(random);
    const reason = random.pick([
      "got no worker upid - start worker failed",
      "cluster not ready - no quorum?",
      "unexpected",
    ]);
    return (exchange) =>
      hit(exchange) ? { kind: "answer", status: 500, reason, body: JSON.stringify({ data: null }), done: false } : null;
  }),
  fault("PVE's proxy answers 595 or 596", 4, short, (random) => {
    const hit = some(random);
    return (exchange) => (hit(exchange) ? proxy(random, random.pick([595, 596]), random.happens(0.5)) : null);
  }),
  fault("PVE's answers lost", 4, short, (random) => {
    const hit = some(random);
    return (exchange) =>
      hit(exchange) ? { kind: random.pick(["reset", "silence"]), done: random.happens(0.7) } : null;
  }),
  fault("PVE slow", 3, short, (random) => {
    const most = random.pick([1, 3, 8]);
    return () => (random.happens(0.5) ? { kind: "slow", ms: random.ms(50, most * SECOND) } : null);
  }),
  {
    name: "a node cut off",
    weight: 3,
    lasts: [MINUTE, 40 * MINUTE],
    begin({ world, history }, random) {
      const node = random.pick(world.pve.state.spec.nodes);
      if (node === undefined) return null;
      history.add("weather", `${node.name} is cut off`);
      node.online = false;
      return () => {
        node.online = true;
      };
    },
  },
  {
    name: "slow tasks",
    weight: 3,
    lasts: [5 * MINUTE, 60 * MINUTE],
    begin({ world, setting }, random) {
      const { durations } = world.pve.state.spec;
      const factor = random.pick([3, 20, 100]);
      // As it was before all weather: another piece of this may be at work.
      const before = setting.pve.durations;
      const slow = Object.fromEntries(
        Object.entries(before).map(([what, ms]) => [what, Math.min(ms * factor, 6 * MINUTE)]),
      );
      Object.assign(durations, slow);
      return () => void Object.assign(durations, before);
    },
  },
  {
    name: "failing tasks",
    weight: 4,
    lasts: [MINUTE, 20 * MINUTE],
    begin: (stage, random) => failTasks(stage, random),
  },
  {
    name: "storage full",
    weight: 2,
    lasts: [MINUTE, 30 * MINUTE],
    begin({ world, setting, count }) {
      const isLocal = ({ name }: { readonly name: string }): boolean => name === "local";
      const storage = world.pve.state.spec.storages.find(isLocal);
      const before = setting.pve.storages.find(isLocal)?.sizeGiB;
      if (storage === undefined || before === undefined) return null;
      storage.sizeGiB = 0.0001;
      count("storage full");
      return () => {
        storage.sizeGiB = before;
      };
    },
  },
];

const types = ["qmclone", "qmstart", "qmstop", "qmdestroy", "imgcopy"] as const;

/** Workers of some type end badly: before their work, or, as a start that was given up may, after it. */
function failTasks({ world, setting, count }: Stage, random: Random): () => void {
  const type = random.pick(types);
  const share = random.pick([0.3, 1]);
  const end = type === "qmstart" && random.happens(0.5) ? "after" : "before";
  return world.failTasks((order) => {
    if (order.token !== setting.config.proxmox.tokenId || order.type !== type || !random.happens(share)) return null;
    count("failing tasks");
    return end;
  });
}
