import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DispatcherError } from "../../src/domain/errors.ts";
import { asInstanceName, asNodeName, asStorageName, asVmid } from "../../src/domain/ids.ts";
import { nodeFiles, type SnippetFiles } from "../../src/guest/snippet-files.ts";
import { createSnippetStore } from "../../src/guest/snippets.ts";
import { MemoryFiles } from "./memory-files.ts";

const folder = "/mnt/snippets";
const node = asNodeName("pve1");
const { signal } = new AbortController();
const vmid = asVmid(204);
const seed = { vmid, node, name: "ci-abcdefghij", userData: "#cloud-config\n# größer\n" };

const storeOver = (files: SnippetFiles, at = folder) =>
  createSnippetStore({
    storage: asStorageName("local"),
    folder: at,
    instance: asInstanceName("lab"),
    ranges: [
      { first: asVmid(200), last: asVmid(209) },
      { first: asVmid(300), last: asVmid(300) },
    ],
    node,
    files,
  });

describe("the snippet store", () => {
  test("puts the user-data under the guest's name and tells how the guest is pointed at it", async () => {
    const files = new MemoryFiles(folder);
    const attachment = await storeOver(files).put(seed, signal);
    assert.deepEqual(attachment, { kind: "cicustom", volume: "local:snippets/lab-204.yaml" });
    assert.deepEqual([...files.content], [["lab-204.yaml", seed.userData]]);
  });

  test("overwrites what stood there, also what a crash left unfinished", async () => {
    const files = new MemoryFiles(folder);
    files.content.set("lab-204.yaml", "old").set("lab-204.yaml.draft", "half");
    await storeOver(files).put(seed, signal);
    assert.deepEqual([...files.content], [["lab-204.yaml", seed.userData]]);
  });

  test("never shows a snippet that is not complete", async () => {
    const files = new MemoryFiles(folder);
    files.create = async (path) => {
      files.content.set(path.slice(folder.length + 1), "#clo");
      throw Object.assign(new Error("full"), { code: "ENOSPC" });
    };
    await assert.rejects(storeOver(files).put(seed, signal), { code: "no_capacity" });
    assert.equal(files.content.has("lab-204.yaml"), false);
  });

  for (const erase of ["blank", "remove"] as const) {
    test(`${erase} wipes the content before the file goes, and takes an unfinished one along`, async () => {
      const files = new MemoryFiles(folder);
      const wiped: string[] = [];
      const { remove } = files;
      files.remove = async (path) => {
        wiped.push(`${path} held "${files.content.get(path.slice(folder.length + 1))}"`);
        await remove.call(files, path);
      };
      files.content.set("lab-204.yaml", "secret").set("lab-204.yaml.draft", "half").set("lab-205.yaml", "other");
      await storeOver(files)[erase](vmid, node, signal);
      assert.deepEqual([...files.content.keys()], ["lab-205.yaml"]);
      assert.deepEqual(wiped, [`${folder}/lab-204.yaml held ""`, `${folder}/lab-204.yaml.draft held ""`]);
    });

    test(`${erase} of what is already gone succeeds`, async () => {
      await storeOver(new MemoryFiles(folder))[erase](vmid, node, signal);
    });

    test(`${erase} fails where the whole folder is gone: that is no proof`, async () => {
      const files = new MemoryFiles(folder);
      files.failure = "ENOENT";
      await assert.rejects(storeOver(files)[erase](vmid, node, signal), { code: "not_found" });
    });
  }

  test("lists the seeds of this instance in its ranges, and nothing else", async () => {
    const files = new MemoryFiles(folder);
    for (const name of ["lab-204.yaml", "lab-300.yaml", "lab-210.yaml", "lab-99.yaml", "other-204.yaml"]) {
      files.content.set(name, "text");
    }
    for (const name of ["lab-204.yaml.bak", "lab-204.iso", "user.yaml", "lab-2-204.yaml"]) files.content.set(name, "x");
    files.content.set("lab-205.yaml", "").set("lab-206.yaml.draft", "half").set("lab-204.yaml.draft", "");
    const common = { node, store: "snippets local" };
    assert.deepEqual(
      [...(await storeOver(files).list(signal))].sort((a, b) => a.vmid - b.vmid),
      [
        { vmid: 204, holdsContent: true, ...common },
        { vmid: 205, holdsContent: false, ...common },
        { vmid: 206, holdsContent: true, ...common },
        { vmid: 300, holdsContent: true, ...common },
      ],
    );
  });

  test("touches nothing for a VMID outside its ranges", async () => {
    const files = new MemoryFiles(folder);
    files.content.set("lab-210.yaml", "not ours");
    const store = storeOver(files);
    const outside = asVmid(210);
    await assert.rejects(
      async () => store.put({ ...seed, vmid: outside }, signal),
      /outside our ranges 200-209, 300-300/,
    );
    await assert.rejects(async () => store.remove(outside, node, signal), { code: "not_ours" });
    await assert.rejects(async () => store.blank(outside, node, signal), { code: "not_ours" });
    assert.deepEqual([...files.content], [["lab-210.yaml", "not ours"]]);
  });

  const troubles = [
    ["ENOENT", "not_found", /no such folder/, /mount/],
    ["ENOTDIR", "not_found", /no such folder/, /mount/],
    ["EACCES", "forbidden", /may not write/, /permission/],
    ["EROFS", "forbidden", /read-only/, /write permission/],
    ["ENOSPC", "no_capacity", /no space/, /room/],
  ] as const;
  for (const [code, expected, cause, remedy] of troubles) {
    test(`names the folder, the cause and the way out after ${code}`, async () => {
      const files = new MemoryFiles(folder);
      files.failure = code;
      await assert.rejects(storeOver(files).put(seed, signal), (error) => {
        assert.ok(error instanceof DispatcherError);
        assert.equal(error.code, expected);
        assert.match(error.message, /^snippets folder \/mnt\/snippets of storage local: /);
        assert.match(error.message, cause);
        assert.match(error.details.remedy ?? "", remedy);
        return true;
      });
    });
  }

  test("calls what it does not know unavailable, and keeps the cause", async () => {
    const files = new MemoryFiles(folder);
    files.failure = "ESTALE";
    await assert.rejects(storeOver(files).list(signal), { code: "unavailable", message: /ESTALE/ });
  });

  test("changes nothing once it was called off", async () => {
    const files = new MemoryFiles(folder);
    const store = storeOver(files);
    await assert.rejects(async () => store.put(seed, AbortSignal.abort()), { name: "AbortError" });
    assert.equal(files.content.size, 0);
  });
});

describe("the snippet store over a real folder", () => {
  const inFolder = async (work: (at: string) => Promise<void>): Promise<void> => {
    const at = mkdtempSync(join(tmpdir(), "snippets-"));
    try {
      await work(at);
    } finally {
      rmSync(at, { recursive: true, force: true });
    }
  };

  test("writes a file that only its owner reads, lists it, and removes it", () =>
    inFolder(async (at) => {
      const store = storeOver(nodeFiles, at);
      await store.put(seed, signal);
      assert.equal(readFileSync(join(at, "lab-204.yaml"), "utf8"), seed.userData);
      assert.equal(statSync(join(at, "lab-204.yaml")).mode & 0o777, 0o600);
      assert.deepEqual(await store.list(signal), [{ vmid, node, store: "snippets local", holdsContent: true }]);
      await store.remove(vmid, node, signal);
      assert.deepEqual(readdirSync(at), []);
    }));

  test("gives an overwritten file the narrow mode too", () =>
    inFolder(async (at) => {
      writeFileSync(join(at, "lab-204.yaml"), "old");
      chmodSync(join(at, "lab-204.yaml"), 0o644);
      await storeOver(nodeFiles, at).put(seed, signal);
      assert.equal(statSync(join(at, "lab-204.yaml")).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(at), ["lab-204.yaml"]);
    }));

  test("leaves a wiped file in its place, empty", () =>
    inFolder(async (at) => {
      const path = join(at, "lab-204.yaml");
      writeFileSync(path, "secret");
      await nodeFiles.wipe(path);
      assert.equal(statSync(path).size, 0);
    }));

  test("says which folder is missing", () =>
    inFolder(async (at) => {
      const store = storeOver(nodeFiles, join(at, "not-mounted"));
      await assert.rejects(store.list(signal), { code: "not_found", message: /not-mounted.*no such folder/ });
      await assert.rejects(store.put(seed, signal), { code: "not_found", message: /not-mounted/ });
    }));
});
