import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { armed, lab, seed } from "./lab.ts";

test("an armed guest takes one job and powers itself off", async () => {
  const { seeded, time, mint, whats, github } = lab({ jobs: [{}] });
  const guest = seeded(armed((await mint("vm-1")).config));
  await time.pass(MINUTE);
  assert.equal(guest.off.aborted, false);
  await time.pass(5 * MINUTE);
  assert.deepEqual(whats(), ["queued null null", "started vm-1 101", "completed vm-1 101"]);
  assert.equal(guest.off.aborted, true);
  assert.equal(github.tally().runners, 0);
});

test("a consumed JIT config starts no second runner, and its guest powers off without a job", async () => {
  const { seeded, time, mint, whats } = lab({ jobs: [{ count: 2 }] });
  const { config } = await mint("vm-1");
  const first = seeded(armed(config));
  await time.pass(10 * MINUTE);
  const second = seeded(armed(config));
  await time.pass(10 * MINUTE);
  assert.deepEqual([first.off.aborted, second.off.aborted], [true, true]);
  assert.equal(whats().filter((what) => what.startsWith("started")).length, 1);
  assert.match(second.notes().join("\n"), /registration has been deleted/);
});

test("the agent answers before cloud-init runs, and never where it is not installed", async () => {
  const { boot, time } = lab();
  const guest = boot({ ide2: seed("#cloud-config\nruncmd: [[touch, /run/x]]\n") });
  const mute = boot({}, "no-agent");
  const dead = boot({}, "never-boots");
  assert.equal(guest.agentAnswers(), false);
  await time.pass(16 * SECOND);
  assert.equal(guest.agentAnswers(), true);
  assert.equal(await guest.text("/run/x"), null);
  await time.pass(MINUTE);
  assert.equal(await guest.text("/run/x"), "");
  assert.deepEqual([mute.agentAnswers(), dead.agentAnswers()], [false, false]);
  guest.stop();
  assert.equal(guest.agentAnswers(), false);
});

test("a machine that is switched off drops everything: its runner, its job, its scripts", async () => {
  const { seeded, time, mint, whats, github } = lab({ jobs: [{ durationMs: HOUR }] });
  const guest = seeded(armed((await mint("vm-1")).config));
  const sleeper = seeded("#cloud-config\nruncmd:\n  - sleep 60\n  - touch /run/after\n");
  await time.pass(MINUTE);
  guest.stop();
  sleeper.stop();
  await time.pass(MINUTE);
  assert.equal(whats().at(-1), "killed vm-1 101");
  assert.equal(await sleeper.text("/run/after"), null);
  assert.deepEqual(
    [...github.state.runners].map((runner) => runner.online),
    [false],
  );
});

test("the image's helper registers with a token, runs one job and powers off", async () => {
  const { seeded, time, json, whats } = lab({ jobs: [{ labels: ["self-hosted", "proxmox"] }] });
  const { token } = await json("POST", "/repos/octo/demo/actions/runners/registration-token");
  const guest = seeded(`#cloud-config
runcmd:
  - /opt/actions-runner/run-once.sh "https://github.com/octo/demo" "${token}" "proxmox" "vm-9"
  - systemctl poweroff
`);
  await time.pass(10 * MINUTE);
  assert.deepEqual(whats().slice(1), ["started vm-9 101", "completed vm-9 101"]);
  assert.equal(guest.off.aborted, true);
});

test("the runner software refuses root, unless it is allowed", async () => {
  const { seeded, time, mint, github } = lab({ jobs: [{ count: 2 }] });
  const run = async (name: string, before: string) =>
    seeded(
      `#cloud-config\nruncmd:\n  - ${before} /opt/actions-runner/run.sh --jitconfig ${(await mint(name)).config}\n`,
    );
  const refused = await run("vm-1", "");
  await time.pass(MINUTE);
  assert.match(refused.notes().join("\n"), /Must not run interactively with sudo/);
  assert.equal(github.counts().inProgress, 0);
  await run("vm-2", "RUNNER_ALLOW_RUNASROOT=1");
  await time.pass(MINUTE);
  assert.equal(github.counts().inProgress, 1);
});

test("a user without rights on the runner's folder cannot run it", async () => {
  const { seeded, time, mint, github } = lab({ jobs: [{}] });
  const config = (await mint("vm-1")).config;
  const start = `su - ci -c '/opt/actions-runner/run.sh --jitconfig ${config}'`;
  seeded(`#cloud-config\nruncmd:\n  - ${start}\n`);
  await time.pass(MINUTE);
  assert.equal(github.counts().inProgress, 0);
  seeded(`#cloud-config\nruncmd:\n  - chown -R ci /opt/actions-runner\n  - ${start}\n`);
  await time.pass(MINUTE);
  assert.equal(github.counts().inProgress, 1);
});

for (const [how, line] of [
  ["runuser", "JIT=$(cat /root/jit); ACTIONS_RUNNER_INPUT_JITCONFIG=$JIT runuser -u runner -- ./run.sh"],
  ["su", 'su runner -c "./run.sh --jitconfig $(cat /root/jit)"'],
  ["sudo", "sudo -u runner ACTIONS_RUNNER_INPUT_JITCONFIG=$(cat /root/jit) ./run.sh"],
  ["setpriv", "setpriv --reuid=runner --regid=runner --init-groups ./run.sh --jitconfig $(cat /root/jit)"],
] as const) {
  test(`${how} starts the runner as an ordinary user`, async () => {
    const { seeded, time, mint, github } = lab({ jobs: [{}] });
    const { config } = await mint("vm-1");
    seeded(`#cloud-config
write_files:
  - {path: /root/jit, permissions: "0600", content: ${config}}
runcmd:
  - cd /opt/actions-runner
  - ${JSON.stringify(line)}
`);
    await time.pass(MINUTE);
    assert.equal(github.counts().inProgress, 1);
  });
}

test("sudo forgets the environment, and a secret of root's is closed to others", async () => {
  const { seeded, time, mint, github } = lab({ jobs: [{}] });
  const { config } = await mint("vm-1");
  seeded(`#cloud-config
write_files:
  - {path: /run/jit, permissions: "0600", content: ${config}}
runcmd:
  - export ACTIONS_RUNNER_INPUT_JITCONFIG=$(cat /run/jit)
  - sudo -u runner /opt/actions-runner/run.sh
  - su - runner -c '/opt/actions-runner/run.sh --jitconfig "$(cat /run/jit)"'
`);
  await time.pass(MINUTE);
  assert.equal(github.counts().queued, 1);
});

test("an image without the runner, or one that cannot power off, shows it", async () => {
  const { seeded, time, mint } = lab({ jobs: [{ count: 2 }] });
  const bare = seeded(armed((await mint("vm-1")).config), "no-runner");
  const stuck = seeded(armed((await mint("vm-2")).config), "never-ends");
  await time.pass(HOUR);
  assert.match(bare.notes().join("\n"), /WorkingDirectory=\/opt\/actions-runner does not exist/);
  // Its last line needs the folder too.
  assert.equal(bare.off.aborted, false);
  assert.equal(stuck.off.aborted, false);
  assert.match(stuck.notes().join("\n"), /hangs instead of powering off/);
});
