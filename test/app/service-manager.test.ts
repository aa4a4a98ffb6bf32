import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceManager } from "../../src/app/service-manager.ts";
import { MINUTE } from "../../src/domain/time.ts";

const env = { NOTIFY_SOCKET: "/run/systemd/notify" };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("without a socket there is nobody to tell", () => {
  assert.equal(
    serviceManager(
      {},
      async () => {},
      () => {},
    ),
    null,
  );
});

test("it is told in order, one word after the other has arrived", async () => {
  const arrived: string[] = [];
  const waiting: (() => void)[] = [];
  const manager = serviceManager(
    env,
    (program, words) =>
      new Promise((resolve) => {
        arrived.push(`${program} ${words.join(" ")}`);
        waiting.push(resolve);
      }),
    assert.ifError,
  );
  manager?.tell("READY=1", "STATUS=holds the lease");
  manager?.tell("WATCHDOG=1");
  await settled();
  assert.deepEqual(arrived, ["systemd-notify READY=1 STATUS=holds the lease"]);
  waiting[0]?.();
  await settled();
  assert.equal(arrived[1], "systemd-notify WATCHDOG=1");
});

test("a failure is reported once, and the next word is tried all the same", async () => {
  let tries = 0;
  const troubles: unknown[] = [];
  const run = async (): Promise<void> => {
    tries += 1;
    throw new Error("no such program");
  };
  const manager = serviceManager(env, run, (error) => troubles.push(error));
  manager?.tell("READY=1");
  manager?.tell("WATCHDOG=1");
  await settled();
  assert.equal(tries, 2);
  assert.equal(troubles.length, 1);
});

test("the watchdog counts only for the process that it names", () => {
  const watchdog = (more: Readonly<Record<string, string>>) =>
    serviceManager(
      { ...env, ...more },
      async () => {},
      () => {},
    )?.watchdog;
  assert.equal(watchdog({ WATCHDOG_USEC: "120000000", WATCHDOG_PID: String(process.pid) }), 2 * MINUTE);
  assert.equal(watchdog({ WATCHDOG_USEC: "120000000" }), 2 * MINUTE);
  assert.equal(watchdog({ WATCHDOG_USEC: "120000000", WATCHDOG_PID: "1" }), null);
  assert.equal(watchdog({ WATCHDOG_USEC: "soon" }), null);
  assert.equal(watchdog({}), null);
});
