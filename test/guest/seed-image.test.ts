import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { blankSeed, blankSize, type SeedFiles, seedImage } from "../../src/guest/seed-image.ts";
import { readImage } from "./iso-reader.ts";
import { run, without } from "./tools.ts";

const samples: Readonly<Record<string, SeedFiles>> = {
  plain: { userData: "#cloud-config\nhostname: a\n", metaData: "instance-id: a\n" },
  "not ASCII": {
    userData: "#cloud-config\n# größer 寸 😀\n",
    metaData: "instance-id: ä\n",
    networkConfig: "version: 2\n",
  },
  empty: { userData: "", metaData: "" },
  "one byte less than a sector": { userData: "x".repeat(2047), metaData: "y".repeat(4095) },
  "a whole sector": { userData: "x".repeat(2048), metaData: "y".repeat(4096) },
  "one byte more than a sector": { userData: "x".repeat(2049), metaData: "y".repeat(4097) },
  "a mebibyte": { userData: "0123456789abcde\n".repeat(65_536), metaData: "instance-id: big\n" },
};

const contentOf = (files: SeedFiles): Map<string, Buffer> => {
  const named = [
    ["meta-data", files.metaData],
    ["network-config", files.networkConfig],
    ["user-data", files.userData],
  ] as const;
  return new Map(named.flatMap(([name, text]) => (text === undefined ? [] : [[name, Buffer.from(text)] as const])));
};

describe("a seed image", () => {
  test("gives back any files, by Rock Ridge and by Joliet, in whole sectors", () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.nat(9000).map((length) => "z".repeat(length)),
    );
    const anyFiles = fc.record(
      { userData: text, metaData: text, networkConfig: text },
      { requiredKeys: ["userData", "metaData"] },
    );
    fc.assert(
      fc.property(anyFiles, (files) => {
        const image = seedImage(files);
        const { rockRidge, joliet } = readImage(image);
        assert.deepEqual(rockRidge.files, contentOf(files));
        assert.deepEqual(joliet.files, contentOf(files));
        assert.equal(image.length % 2048, 0);
        assert.equal(rockRidge.bytes, image.length);
        assert.equal(joliet.bytes, image.length);
      }),
    );
  });

  test("has the label cidata in lower case in both descriptors, Rock Ridge, and level 1 names beneath", () => {
    const image = seedImage({ userData: "u", metaData: "m", networkConfig: "n" });
    const { rockRidge, joliet, protocol, plainNames } = readImage(image);
    assert.equal(protocol, "RRIP_1991A");
    assert.equal(rockRidge.label, "cidata");
    assert.equal(joliet.label, "cidata");
    assert.deepEqual(plainNames, ["META_DAT.;1", "NETWORK_.;1", "USER_DAT.;1"]);
  });

  test("is the same, byte for byte, each time that the files are the same", () => {
    const files = { userData: "#cloud-config\n", metaData: "instance-id: a\n" };
    assert.deepEqual(seedImage(files), seedImage({ ...files }));
  });

  test("is larger than the blank even when its files are empty, and the blank is all zeros", () => {
    assert.ok(seedImage({ userData: "", metaData: "" }).length > blankSize);
    assert.equal(blankSeed.length, blankSize);
    assert.ok(blankSeed.every((byte) => byte === 0));
  });

  test("takes a mebibyte of user-data in a few milliseconds", () => {
    const { userData, metaData } = samples["a mebibyte"] ?? assert.fail();
    seedImage({ userData, metaData });
    const started = process.cpuUsage();
    for (let i = 0; i < 5; i++) seedImage({ userData, metaData });
    const used = process.cpuUsage(started);
    // Processor time, so that a busy machine does not count.
    assert.ok((used.user + used.system) / 5 < 50_000, `${(used.user + used.system) / 5} µs each`);
  });
});

describe("a seed image in the hands of other tools", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "seed-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const written = (name: string, files: SeedFiles): string => {
    const path = join(folder, `${name.replaceAll(" ", "-")}.iso`);
    writeFileSync(path, seedImage(files));
    return path;
  };

  for (const [name, files] of Object.entries(samples)) {
    test(`isoinfo reads both name schemes and every byte: ${name}`, { skip: without("isoinfo") }, () => {
      const path = written(name, files);
      const about = run("isoinfo", "-d", "-i", path).toString();
      assert.match(about, /^Volume id: cidata$/m);
      assert.match(about, /Joliet with UCS level 3 found/);
      assert.match(about, /Rock Ridge signatures version 1 found/);
      for (const [file, content] of contentOf(files)) {
        assert.deepEqual(run("isoinfo", "-R", "-x", `/${file}`, "-i", path), content);
        assert.deepEqual(run("isoinfo", "-J", "-x", `/${file}`, "-i", path), content);
      }
    });

    test(`xorriso extracts every byte: ${name}`, { skip: without("xorriso") }, () => {
      const path = written(name, files);
      const out = join(folder, `${name.replaceAll(" ", "-")}.out`);
      run("xorriso", "-osirrox", "on", "-indev", path, "-extract", "/", out);
      for (const [file, content] of contentOf(files)) assert.deepEqual(readFileSync(join(out, file)), content);
      run("chmod", "-R", "u+w", out);
    });
  }

  test("blkid reports the label that cloud-init searches for", { skip: without("blkid") }, () => {
    const path = written("label", samples.plain ?? assert.fail());
    assert.equal(run("blkid", "-p", "-o", "value", "-s", "LABEL", path).toString().trim(), "cidata");
    assert.equal(run("blkid", "-p", "-o", "value", "-s", "TYPE", path).toString().trim(), "iso9660");
  });

  test("blkid finds nothing on the blank", { skip: without("blkid") }, () => {
    const path = join(folder, "blank.iso");
    writeFileSync(path, blankSeed);
    // 2: nothing was recognised.
    assert.throws(() => run("blkid", "-p", path), { status: 2 });
  });
});
