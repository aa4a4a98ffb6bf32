import assert from "node:assert/strict";
import { test } from "node:test";
import { asVmid } from "../../src/domain/ids.ts";
import { type TemplateMarker, withTemplateMarker } from "../../src/domain/images/template-marker.ts";
import { Templates } from "../../src/proxmox/templates.ts";
import { templateMarkerOf } from "../domain/images/samples.ts";
import { signerOf, start } from "../fixtures.ts";
import { lab } from "../lab.ts";

const { signal } = new AbortController();

const describe = (vmid: number, change: Partial<TemplateMarker>, key = "lab"): string =>
  withTemplateMarker("", templateMarkerOf({ family: "base", ...change }), asVmid(vmid), signerOf(key));

const templateOf = (vmid: number, name: string, description: string | null = null) => ({
  vmid,
  name,
  node: "pve1",
  template: true,
  ...(description === null ? {} : { description }),
});

/** What the pool, whose template is called `base`, would be cloned from; or why there is nothing. */
function familyOf(guests: readonly Record<string, unknown>[]) {
  const world = lab({ world: { guests } });
  const templates = new Templates(world.client, signerOf("lab"), world.clock);
  const meant = async (): Promise<number | string> => {
    const listed = await world.clock.until(world.client.resources(signal));
    const [block] = await world.clock.until(templates.look([world.spec], listed, signal));
    return block === undefined ? templates.of(world.spec, world.spec.nodes[0] ?? ("" as never)) : block.why;
  };
  return { world, meant };
}

test("a pool that names a family gets its promoted generation, not the newest", async () => {
  const { meant } = familyOf([
    templateOf(9001, "base-g1", describe(9001, { generation: 1, promoted: start })),
    templateOf(9002, "base-g2", describe(9002, { generation: 2 })),
    templateOf(9003, "base"),
  ]);
  assert.equal(await meant(), 9001);
});

test("a change of promotion is seen by the next pass", async () => {
  const { world, meant } = familyOf([
    templateOf(9001, "base-g1", describe(9001, { generation: 1, promoted: start })),
    templateOf(9002, "base-g2", describe(9002, { generation: 2 })),
  ]);
  assert.equal(await meant(), 9001);
  world.pve.state.guests.get(9002)?.config.set("description", describe(9002, { generation: 2, promoted: start + 1 }));
  assert.equal(await meant(), 9002);
});

test("where no template carries a valid marker of that family, the name counts as before", async () => {
  const { meant } = familyOf([
    templateOf(9001, "base"),
    templateOf(9002, "base", describe(9001, { promoted: start })),
    templateOf(9003, "other", describe(9003, { promoted: start }, "another key")),
  ]);
  assert.equal(await meant(), 9002, "copied and foreign markers prove nothing; of one name the newest wins");
});

test("a family of which nothing is promoted blocks the pool, and says how to go on", async () => {
  const { meant } = familyOf([templateOf(9001, "base", describe(9001, { generation: 1 }))]);
  assert.match(
    String(await meant()),
    /no generation of template family base on node pve1 is promoted: .* promote base/,
  );
});
