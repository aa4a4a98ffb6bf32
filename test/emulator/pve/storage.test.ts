import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Lab } from "./lab.ts";

const folder = mkdtempSync(join(tmpdir(), "snippets-"));
after(() => rmSync(folder, { recursive: true }));

const form = (lines: readonly string[]): Buffer => Buffer.from(lines.join("\r\n"));
const content = ['Content-Disposition: form-data; name="content"', "", "iso"];
const file = ['Content-Disposition: form-data; name="filename"; filename="x.iso"', "", "bytes"];
const unquoted = "multipart/form-data; boundary=b1";
const failedUpload = "upload failed at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 1317.";

test("an uploaded file is there when its task is done, and not before", async () => {
  const lab = new Lab();
  const { data } = await lab.upload({ name: "seed.iso", bytes: new Uint8Array([1, 2, 3]) });
  assert.match(String(data), /:imgcopy::root@pam!lab:$/);
  await lab.time.pass(300);
  assert.deepEqual(await lab.volumes(), []);
  await lab.time.pass(100);
  assert.equal(await lab.outcome(String(data)), "OK");
  const listed = (await lab.get("/nodes/pve1/storage/local/content?content=iso")).data;
  assert.deepEqual(listed, [
    {
      volid: "local:iso/seed.iso",
      content: "iso",
      format: "iso",
      size: 3,
      ctime: Math.floor(Date.parse("2026-05-04T03:02:01.350Z") / 1000),
    },
  ]);
});

test("bytes survive an upload, whatever they are", async () => {
  const lab = new Lab();
  const bytes = new Uint8Array(70_000).map((_, at) => (at * 7) % 256);
  await lab.task(lab.upload({ name: "x.iso", bytes }));
  assert.deepEqual(lab.pve.state.volumes.get("local:iso/x.iso")?.bytes, bytes);
});

test("a file that does not fit fails in its task, and is not there", async () => {
  const lab = new Lab({ storages: [{ name: "local", sizeGiB: 1e-6 }] });
  assert.match(String(await lab.task(lab.upload({ name: "x.iso", bytes: new Uint8Array(2_000) }))), /No space left/);
  assert.deepEqual(await lab.volumes(), []);
  assert.equal(await lab.task(lab.upload({ name: "x.iso", bytes: new Uint8Array(900) })), "OK");
  assert.equal(await lab.task(lab.upload({ name: "x.iso", bytes: new Uint8Array(1_000) })), "OK", "written over");
});

test("an empty file is taken, folders in its name are dropped and spaces replaced", async () => {
  const lab = new Lab();
  assert.equal(await lab.task(lab.upload({ name: "../../my seed.iso" })), "OK");
  assert.deepEqual(await lab.volumes(), ["local:iso/my_seed.iso"]);
});

for (const { title, upload, status = 400, reason = "Parameter verification failed.", errors } of [
  {
    title: "snippets",
    upload: { name: "x.yaml", content: "snippets" },
    errors: { content: "value 'snippets' does not have a value in the enumeration 'iso, vztmpl, import'" },
  },
  { title: "a wrong extension", upload: { name: "x.img2" }, errors: { filename: "wrong file extension" } },
  {
    title: "a wrong extension of an import",
    upload: { name: "x.xyz", content: "import" },
    errors: { filename: "invalid filename or wrong extension" },
  },
  {
    title: "an unknown storage",
    upload: { name: "x.iso", storage: "none" },
    status: 500,
    reason: "storage 'none' does not exist",
  },
  {
    title: "content that the storage does not hold",
    upload: { name: "x.iso", storage: "disks" },
    status: 500,
    reason: "storage 'disks' does not support 'iso' content",
  },
]) {
  test(`an upload of ${title} is refused`, async () => {
    const lab = new Lab({ storages: [{ name: "local" }, { name: "disks", content: ["images"] }] });
    const answer = await lab.upload(upload);
    assert.deepEqual([answer.status, answer.reason, answer.errors], [status, reason, errors]);
  });
}

for (const { title, body, type = unquoted, reason } of [
  {
    title: "is read with a plain boundary",
    body: form(["--b1", ...content, "--b1", ...file, "--b1--", ""]),
    reason: "OK",
  },
  {
    title: "fails with a quoted boundary",
    body: form(["--b1", ...content, "--b1", ...file, "--b1--", ""]),
    type: 'multipart/form-data; boundary="b1"',
    reason: failedUpload,
  },
  {
    title: "fails with part headers in lower case",
    body: form(["--b1", ...content, "--b1", ...file, "--b1--", ""].map((l) => l.replace("Content-D", "content-d"))),
    reason: failedUpload,
  },
  {
    title: "lacks its content when the file comes first",
    body: form(["--b1", ...file, "--b1", ...content, "--b1--", ""]),
    reason: "Parameter verification failed.",
  },
  {
    title: "wants the file in the field filename",
    body: form(["--b1", ...content, "--b1", ...file, "--b1--", ""].map((l) => l.replace('"filename"', '"file"'))),
    reason:
      "wrong field name 'file' for file upload, expected 'filename' at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 1281.",
  },
]) {
  test(`an upload's body ${title}`, async () => {
    assert.equal((await new Lab().multipart(body, type)).reason, reason);
  });
}

test("an upload without the privilege is refused late and without a body", async () => {
  const lab = new Lab({ tokens: [{ id: "a@pve!b", secret: "s", privileges: [] }] });
  const answer = lab.upload({ name: "x.iso" }, "a@pve!b=s");
  await lab.time.pass(3_000);
  const { status, reason, text } = await answer;
  assert.deepEqual(
    [status, reason, text],
    [403, "Permission check failed (/storage/local, Datastore.AllocateTemplate)", ""],
  );
});

for (const path of ["local:iso%2Fx.iso", "local:iso/x.iso", "iso%2Fx.iso", "iso/x.iso"]) {
  test(`a volume is deleted by the path ${path}`, async () => {
    const lab = new Lab({ volumes: [{ storage: "local", name: "iso/x.iso" }] });
    const { data } = await lab.delete(`/nodes/pve1/storage/local/content/${path}`);
    assert.match(String(data), /:imgdel:local:/);
    await lab.time.pass(1_000);
    assert.deepEqual(await lab.volumes(), []);
  });
}

test("deleting with a delay waits for the task and answers null, also for a file that is missing", async () => {
  const lab = new Lab({ volumes: [{ storage: "local", name: "iso/x.iso" }] });
  for (const time of ["first", "again"]) {
    const answer = lab.delete("/nodes/pve1/storage/local/content/local:iso/x.iso?delay=5");
    await lab.time.pass(1_000);
    const { status, data } = await answer;
    assert.deepEqual([status, data], [200, null], time);
  }
  assert.equal(lab.time.waiting, 0);
});

test("a token may be denied to delete volumes and still upload", async () => {
  const lab = new Lab({ tokens: [{ id: "root@pam!lab", secret: "secret", deletesVolumes: false }] });
  assert.equal(await lab.task(lab.upload({ name: "x.iso" })), "OK");
  const { status, reason } = await lab.delete("/nodes/pve1/storage/local/content/local:iso/x.iso");
  assert.deepEqual([status, reason], [403, "Permission check failed (/storage/local, Datastore.Allocate)"]);
  const { data } = await lab.get("/access/permissions");
  const granted = (data as Record<string, Record<string, number>>)["/storage/local"] ?? {};
  assert.deepEqual([granted["Datastore.Allocate"], granted["Datastore.AllocateTemplate"]], [undefined, 1]);
});

test("uploads and snippets that hold content are counted, blanks and what was there before are not", async () => {
  writeFileSync(join(folder, "old.yaml"), "old");
  const lab = new Lab({
    storages: [{ name: "local", snippetsFolder: folder }],
    volumes: [{ storage: "local", name: "iso/debian.iso", size: 100 }],
  });
  assert.equal(lab.pve.tally().seeds, 0);
  await lab.task(lab.upload({ name: "seed.iso", bytes: new Uint8Array([0, 7]) }));
  writeFileSync(join(folder, "new.yaml"), "secret");
  assert.equal(lab.pve.tally().seeds, 2);
  await lab.task(lab.upload({ name: "seed.iso", bytes: new Uint8Array(2) }));
  writeFileSync(join(folder, "new.yaml"), "");
  assert.equal(lab.pve.tally().seeds, 0);
});

test("snippets in the storage's folder are listed", async () => {
  writeFileSync(join(folder, "a.yaml"), "abc");
  const lab = new Lab({ storages: [{ name: "local", snippetsFolder: folder }] });
  const { data } = await lab.get("/nodes/pve1/storage/local/content?content=snippets");
  const found = (data as { volid: string; size: number }[]).find(({ volid }) => volid === "local:snippets/a.yaml");
  assert.equal(found?.size, 3);
});
