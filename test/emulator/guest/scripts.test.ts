import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { MINUTE } from "../../../src/domain/time.ts";
import { armed, lab } from "./lab.ts";

test("cloud-config writes files, sets the host name and runs its commands as one script", async () => {
  const { seeded, time } = lab();
  const guest = seeded(`#cloud-config
hostname: vm-7
bootcmd:
  - echo boot > /run/order
write_files:
  - path: /opt/new/a.sh
    permissions: "0755"
    encoding: b64
    content: ${Buffer.from("#!/bin/sh\necho file >> /run/order\n").toString("base64")}
  - {path: /run/order, append: true, content: "early\\n"}
  - {path: /run/late, defer: true, owner: "late:late", content: late}
users:
  - default
  - name: late
runcmd:
  - cd /opt/new
  - [sh, -c, 'echo "$0 $1" >> /run/order', "a b", "it's"]
  - ./a.sh
  - echo "$(hostname) $(stat -c %a /opt/new/a.sh)" >> /run/order
`);
  await time.pass(MINUTE);
  assert.equal(await guest.text("/run/order"), "boot\nearly\na b it's\nfile\nvm-7 755\n");
  assert.equal(await guest.text("/run/late"), "late");
});

test("a file for a user that comes later ends the writing of files", async () => {
  const { seeded, time } = lab();
  const guest = seeded(`#cloud-config
write_files:
  - {path: /run/a, owner: newcomer, content: a}
  - {path: /run/b, content: b}
users: [newcomer]
`);
  await time.pass(MINUTE);
  assert.equal(await guest.text("/run/b"), null);
  assert.match(guest.notes().join("\n"), /there is no user newcomer/);
});

test("a script as user-data runs, power_state ends the guest, and a failed command is told", async () => {
  const { seeded, time } = lab();
  const script = seeded("#!/bin/bash\ntouch /run/script\n");
  const ended = seeded(
    "#cloud-config\nruncmd: [nosuch]\npower_state: {mode: poweroff, condition: test ! -e /run/no}\n",
  );
  const kept = seeded("#cloud-config\npower_state: {mode: poweroff, condition: false}\n");
  await time.pass(MINUTE);
  assert.equal(await script.text("/run/script"), "");
  assert.deepEqual([ended.off.aborted, kept.off.aborted], [true, false]);
  assert.match(ended.notes().join("\n"), /runcmd ended with 127: .*nosuch: command not found/);
});

test("an EXIT handler runs when its script ends, with its functions and its last variables", async () => {
  const { seeded, time } = lab();
  const guest = seeded(
    `#cloud-config
write_files:
  - path: /opt/run-once
    permissions: "0755"
    content: |
      #!/bin/bash
      set -eu
      step=first
      finish() {
        code=$?
        echo "$step $code" > /run/end
        systemctl poweroff
      }
      trap finish EXIT
      step=second
      false
      step=third
runcmd:
  - systemctl start once.service
`.replace(
      "runcmd:",
      `  - path: /etc/systemd/system/once.service
    content: |
      [Service]
      Type=oneshot
      ExecStart=/opt/run-once
runcmd:`,
    ),
  );
  await time.pass(MINUTE);
  assert.equal(await guest.text("/run/end"), "second 1\n");
  assert.equal(guest.off.aborted, true);
});

test("a service obeys its settings: user, environment, order, prefixes, conditions", async () => {
  const { seeded, time } = lab();
  const guest = seeded(`#cloud-config
write_files:
  - path: /etc/systemd/system/a.service
    content: |
      [Unit]
      ConditionPathExists=!/run/never
      [Service]
      Type=oneshot
      User=ci
      RuntimeDirectory=a
      Environment="GREETING=hello world" NAME=x
      ExecStartPre=-/bin/false
      ExecStartPre=+/bin/sh -c 'id -un > /run/a/root'
      ExecStart=/bin/sh -c 'echo "$0 $1 $(id -un)" > /run/a/out' "\${GREETING}" $NAME
      ExecStopPost=/bin/sh -c 'echo post >> /run/a/out'
  - path: /etc/systemd/system/b.service
    content: |
      [Unit]
      ConditionPathExists=/run/never
      [Service]
      ExecStart=/bin/touch /run/b
  - path: /etc/systemd/system/c.service
    content: |
      [Service]
      User=nobody-here
      ExecStart=/bin/touch /run/c
runcmd:
  - systemctl start a b c
  - systemctl enable d.service
`);
  await time.pass(MINUTE);
  assert.equal(await guest.text("/run/a/out"), "hello world x ci\npost\n");
  assert.equal(await guest.text("/run/a/root"), "root\n");
  assert.deepEqual([await guest.text("/run/b"), await guest.text("/run/c")], [null, null]);
  assert.match(guest.notes().join("\n"), /c\.service failed: there is no user nobody-here/);
});

test("RuntimeMaxSec ends a runner that waits, and timeout a command", async () => {
  const { seeded, time, mint, github } = lab();
  const { config } = await mint("vm-1");
  const guest = seeded(armed(config).replace("User=runner", "User=runner\n      RuntimeMaxSec=5min"));
  const timed = seeded("#cloud-config\nruncmd:\n  - timeout 10 sleep 100; echo $? > /run/code\n");
  await time.pass(4 * MINUTE);
  assert.equal(await timed.text("/run/code"), "124\n");
  assert.equal([...github.state.runners][0]?.online, true);
  await time.pass(2 * MINUTE);
  assert.equal([...github.state.runners][0]?.online, false);
  assert.equal(guest.off.aborted, true);
});

test("a file that the agent writes starts the service whose path unit waits for it", async () => {
  const { seeded, time, mint, github } = lab({ jobs: [{}] });
  const guest = seeded(`#cloud-config
write_files:
  - path: /etc/systemd/system/arm.path
    content: |
      [Path]
      PathExists=/run/dispatcher/ready
  - path: /etc/systemd/system/arm.service
    content: |
      [Service]
      User=runner
      Type=oneshot
      ExecStartPre=+/bin/rm /run/dispatcher/ready
      EnvironmentFile=/run/dispatcher/jit
      ExecStart=/opt/actions-runner/run.sh
runcmd:
  - install -d -m 0700 /run/dispatcher
  - systemctl enable --now arm.path
`);
  await time.pass(MINUTE);
  const { config } = await mint("vm-1");
  const write = (path: string, text: string) => guest.writeFile(path, new TextEncoder().encode(text));
  assert.equal(await write("/run/nodir/jit", "x"), false);
  assert.equal(await write("/run/dispatcher/jit", `ACTIONS_RUNNER_INPUT_JITCONFIG=${config}`), true);
  await time.pass(MINUTE);
  assert.equal(github.counts().queued, 1);
  assert.equal(await write("/run/dispatcher/ready", ""), true);
  await time.pass(MINUTE);
  assert.equal(github.counts().inProgress, 1);
});

test("the runner's hooks run around the job, and a failing first one fails the job", async () => {
  const { seeded, time, mint, github } = lab({ jobs: [{ count: 2 }] });
  const hooked = async (name: string, code: number) =>
    seeded(
      armed((await mint(name)).config).replace(
        "write_files:",
        `write_files:
  - {path: /opt/actions-runner/.env, content: "ACTIONS_RUNNER_HOOK_JOB_STARTED=/opt/started\\nACTIONS_RUNNER_HOOK_JOB_COMPLETED=/opt/completed\\n"}
  - {path: /opt/started, permissions: "0755", content: "#!/bin/bash\\necho job > /tmp/state\\nexit ${code}\\n"}
  - {path: /opt/completed, permissions: "0755", content: "#!/bin/bash\\necho done > /tmp/state\\n"}`,
      ),
      "never-ends",
    );
  const good = await hooked("vm-1", 0);
  await time.pass(MINUTE);
  assert.equal(await good.text("/tmp/state"), "job\n");
  await time.pass(5 * MINUTE);
  assert.equal(await good.text("/tmp/state"), "done\n");
  await hooked("vm-2", 1);
  await time.pass(5 * MINUTE);
  assert.equal(github.counts().failed, 1);
});
