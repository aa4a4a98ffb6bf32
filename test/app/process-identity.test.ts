import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { processIdentity } from "../../src/app/process-identity.ts";

const { holder, isDead } = processIdentity();
const where = holder.slice(holder.indexOf("@") + 1);
const holderOf = (pid: number, at = where): string => `elsewhere:${pid}@${at}`;

/** The number of a process that has just ended. */
const ended = (): number => spawnSync(process.execPath, ["--version"]).pid;

// Only Linux tells which boot and which process namespace this is.
const skip = where.includes("?") ? "no /proc here" : false;

test("a holder's name tells host and process", () => {
  assert.match(holder, new RegExp(`^\\S+:${process.pid}@\\S+$`));
});

test("a holder whose process has ended on this machine is dead, one whose process runs is not", { skip }, () => {
  assert.equal(isDead(holderOf(ended())), true);
  assert.equal(isDead(holderOf(process.ppid)), false);
});

test("a holder of our own number that is not us was an earlier process, as in a restarted container", { skip }, () => {
  assert.equal(isDead(holder), true);
});

test("a holder of another boot, another process namespace or another machine is never known to be dead", {
  skip,
}, () => {
  const [boot = "", namespace = ""] = where.split(".");
  const pid = ended();
  for (const at of [`00000000.${namespace}`, `${boot}.1`, "?.?"]) assert.equal(isDead(holderOf(pid, at)), false, at);
});

test("a holder whose name is no such name is not dead", () => {
  for (const name of ["", "host", `host:${where}`, `host:x@${where}`]) assert.equal(isDead(name), false, name);
});
