import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf } from "../../src/domain/errors.ts";
import { asVmid } from "../../src/domain/ids.ts";
import { readTemplateMarker } from "../../src/domain/images/template-marker.ts";
import { signerOf } from "../fixtures.ts";
import { type Exchange, orderOf, signal, type Watch, Workbench } from "./workbench.ts";

const spell = ({ method, path }: Exchange): string =>
  `${method} ${path.replaceAll(/UPID[^/]+/g, "UPID").replaceAll(/build-\w{10}/g, "build-NONCE")}`;

/** All exchanges of an undisturbed build, and what stands afterwards. */
async function undisturbed(): Promise<{ readonly exchanges: readonly string[]; readonly whole: readonly string[] }> {
  const world = new Workbench();
  const exchanges: string[] = [];
  const watch: Watch = (when, exchange) => void (when === "before" && exchanges.push(spell(exchange)));
  await world.build(world.shop({ watch }));
  return { exchanges, whole: world.state() };
}

/** A read that repeats the one before is a wait: to die in its second round is to die in its first. */
const isNew = (exchange: string, at: number, all: readonly string[]): boolean => exchange !== all[at - 1];

const changes = (exchange: string): boolean => !exchange.startsWith("GET ");

/** Templates that carry our valid marker, each of which must be whole. */
function templatesOf(world: Workbench): readonly number[] {
  const found: number[] = [];
  for (const { vmid, config, image } of world.pve.state.guests.values()) {
    if (readTemplateMarker(world.description(vmid), asVmid(vmid), signerOf("lab")).kind !== "valid") continue;
    const drive = String(config.get("ide2"));
    assert.equal(config.get("template"), 1, `guest ${vmid} says that it is a template, and is none`);
    assert.ok(image === "runner" && drive.includes("cloudinit"), `template ${vmid} is half of one: ${image}, ${drive}`);
    found.push(vmid);
  }
  return found;
}

/** A process that comes to its end at the exchange with this number. */
async function killedAt(world: Workbench, number: number, when: "before" | "after"): Promise<string> {
  let count = -1;
  let die = (): void => {};
  const died = new Promise<void>((resolve) => {
    die = resolve;
  });
  const forever = new Promise<void>(() => {});
  const watch: Watch = (now) => {
    if (now === "before") count += 1;
    if (count < number || (count === number && now !== when)) return;
    die();
    return forever;
  };
  const shop = world.shop({ watch });
  const work = world.build(shop).catch(() => {});
  await Promise.race([work, died]);
  return shop.holder;
}

const { exchanges, whole } = await undisturbed();
const points = exchanges.flatMap((exchange, number) => {
  if (!isNew(exchange, number, exchanges)) return [];
  const kinds = changes(exchange) ? (["before", "after"] as const) : (["before"] as const);
  return kinds.map((when) => ({ exchange, number, when }));
});
const orders = exchanges.flatMap((exchange, number) => (changes(exchange) ? [{ exchange, number }] : []));

test(`a build that was killed at any of its ${points.length} steps is resumed or cleaned by the next one`, async (t) => {
  for (const { exchange, number, when } of points) {
    await t.test(`${when} ${exchange} (${number})`, async () => {
      const world = new Workbench();
      const holder = await killedAt(world, number, when);
      const done = templatesOf(world).length > 0;
      if (!done) await world.build(world.shop({ dead: [holder] }));
      assert.deepEqual(world.state(), whole);
      assert.deepEqual(templatesOf(world), [9000]);
    });
  }
});

test(`a build that is stopped at any of its ${orders.length} changes leaves nothing`, async (t) => {
  for (const { exchange, number } of orders) {
    await t.test(`${exchange} (${number})`, async () => {
      const world = new Workbench();
      const before = world.state();
      const stop = new AbortController();
      let count = -1;
      const watch: Watch = (when) => {
        if (when === "before") count += 1;
        if (when === "after" && count === number) stop.abort(new Error("SIGINT"));
      };
      const end = await world.build(world.shop({ watch }), orderOf(), stop.signal).then(() => "built", messageOf);
      assert.deepEqual(world.state(), end === "built" ? whole : before, end);
    });
  }
});

test(`a build of which any of its ${orders.length} answers was lost comes to its end all the same`, async (t) => {
  for (const { exchange, number } of orders) {
    await t.test(`${exchange} (${number})`, async () => {
      const world = new Workbench();
      let count = -1;
      const watch: Watch = (when) => {
        if (when === "before") count += 1;
        if (when === "after" && count === number) throw new Error("reset");
      };
      await world.build(world.shop({ watch }));
      assert.deepEqual(world.state(), whole);
    });
  }
});

test("nothing that runs is taken over: the second build of a family names the first and leaves it alone", async () => {
  const world = new Workbench();
  const first = world.shop();
  const second = world.shop();
  const both = await world.clock.until(
    Promise.allSettled([world.build(first), world.build(second, orderOf({ inputs: "inputs-2" }), signal)]),
  );
  const ends = both.map((end) => (end.status === "fulfilled" ? "built" : messageOf(end.reason)));
  assert.equal(ends.filter((end) => end === "built").length, 1, ends.join("; "));
  assert.match(ends.find((end) => end !== "built") ?? "", /^build of debian-13: here:\d@boot\.1 is at it \(guest 9000/);
  assert.deepEqual(world.state(), whole);
});
