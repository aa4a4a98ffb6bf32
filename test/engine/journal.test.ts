import assert from "node:assert/strict";
import { test } from "node:test";
import { DispatcherError } from "../../src/domain/errors.ts";
import { asGuestName, asInstanceName, asVmid } from "../../src/domain/ids.ts";
import { Journal, type JournalFile } from "../../src/engine/journal.ts";
import { ManualClock } from "../clock.ts";

const guest = { vmid: asVmid(200), name: asGuestName("ci-abcdefghij") };

class Paper implements JournalFile {
  text: string | null = null;
  full = false;
  read(): string | null {
    return this.text;
  }
  append(text: string): void {
    if (this.full) throw new Error("no space left on device");
    this.text = (this.text ?? "") + text;
  }
  replace(text: string): void {
    if (this.full) throw new Error("no space left on device");
    this.text = text;
  }
}

const troubles: unknown[] = [];
const open = (file: JournalFile, instance = "home"): Journal =>
  new Journal({
    file,
    instance: asInstanceName(instance),
    clock: new ManualClock(),
    onTrouble: (error) => troubles.push(error),
  });

const never = (): Promise<never> => new Promise(() => {});

test("an intent stands in the journal before its work begins, and its end after", async () => {
  const paper = new Paper();
  const seen: string[] = [];
  await open(paper).guest("start", guest, async () => {
    seen.push(paper.text ?? "");
  });
  assert.match(seen[0] ?? "", /"call":"start","vmid":200,"name":"ci-abcdefghij"}\n$/);
  assert.match(paper.text ?? "", /"outcome":"done"}\n$/);
});

test("what was open when the process died is known to the next one: clones as such, the rest as closed", () => {
  const paper = new Paper();
  const first = open(paper);
  void first.guest("clone", guest, never);
  void first.guest("start", { ...guest, vmid: asVmid(201) }, never);
  const second = open(paper);
  assert.deepEqual(second.clones(), [200]);
  const third = open(paper);
  assert.deepEqual(third.clones(), [200], "a second crash forgets nothing");
  third.settled(guest.vmid);
  assert.deepEqual(open(paper).clones(), []);
});

test("guests that were removed are known by name, those whose removal failed are not", async () => {
  const paper = new Paper();
  const journal = open(paper);
  const other = { vmid: asVmid(201), name: asGuestName("ci-klmnpqrstu") };
  await journal.guest("destroy", guest, async () => {});
  await journal
    .guest("destroy", other, async () => {
      throw new DispatcherError("lost_answer", "destroy 201: no answer");
    })
    .catch(() => {});
  for (const one of [journal, open(paper)]) assert.deepEqual([...one.destroyed], [guest.name]);
});

test("a torn last line costs that line alone, and what follows is whole", async () => {
  const paper = new Paper();
  const first = open(paper);
  await first.guest("destroy", guest, async () => {});
  void first.guest("clone", { ...guest, vmid: asVmid(202) }, never);
  paper.text = (paper.text ?? "").slice(0, -7);
  const second = open(paper);
  assert.deepEqual([...second.destroyed], [guest.name]);
  assert.deepEqual(second.clones(), []);
  await second.guest("destroy", { ...guest, name: asGuestName("ci-vwxyz23456") }, async () => {});
  assert.equal(open(paper).destroyed.size, 2);
});

test("another instance's journal says nothing", async () => {
  const paper = new Paper();
  const first = open(paper, "elsewhere");
  await first.guest("destroy", guest, async () => {});
  void first.guest("clone", guest, never);
  const second = open(paper);
  assert.deepEqual([second.clones(), [...second.destroyed]], [[], []]);
});

test("it stays within its bound and keeps what is open", async () => {
  const paper = new Paper();
  const journal = open(paper);
  void journal.guest("clone", guest, never);
  for (let n = 0; n < 6_000; n++) await journal.guest("change", guest, async () => {});
  assert.ok((paper.text ?? "").length < 600_000, `${paper.text?.length} characters`);
  assert.deepEqual(open(paper).clones(), [200]);
});

test("a full disk costs history, and is told once until it is mended", async () => {
  const paper = new Paper();
  const journal = open(paper);
  troubles.length = 0;
  paper.full = true;
  for (let n = 0; n < 3; n++) assert.equal(await journal.guest("start", guest, async () => n), n);
  assert.equal(troubles.length, 1);
  paper.full = false;
  await journal.guest("destroy", guest, async () => {});
  assert.deepEqual([...open(paper).destroyed], [guest.name]);
});
