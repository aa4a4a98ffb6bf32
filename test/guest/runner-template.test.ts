import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, test } from "node:test";
import { Bash, type CommandContext, defineCommand } from "just-bash";
import { parse } from "yaml";
import type { UserDataValues } from "../../src/guest/template-values.ts";
import { renderUserData } from "../../src/guest/user-data.ts";
import { jitConfig, shipped, token, withJit, withToken } from "./samples.ts";

interface WrittenFile {
  readonly path: string;
  readonly permissions: string;
  readonly content: string;
}

interface CloudConfig {
  readonly hostname: string;
  readonly users: readonly unknown[];
  readonly bootcmd: readonly (readonly string[])[];
  readonly write_files: readonly WrittenFile[];
  readonly runcmd: readonly string[];
}

const render = (values: UserDataValues): string => renderUserData(shipped("runner.yaml.ejs"), values);
const configOf = (values: UserDataValues): CloudConfig => parse(render(values));
const fileOf = (config: CloudConfig, path: string): WrittenFile =>
  config.write_files.find((file) => file.path === path) ?? assert.fail(`${path} is not written`);

const state = "/run/dispatcher/state";
const ok = { stdout: "", stderr: "", exitCode: 0 };

/** One guest of an image that has the actions runner, with `runner` as what its program does. */
async function boot(
  values: UserDataValues,
  runner: (mode: string, shell: CommandContext, guest: Bash) => Promise<number>,
): Promise<{ readonly guest: Bash; readonly calls: readonly string[] }> {
  const calls: string[] = [];
  const log = (name: string) =>
    defineCommand(name, async (args) => {
      calls.push([name, ...args].join(" "));
      return ok;
    });
  const guest: Bash = new Bash({
    files: {
      "/opt/actions-runner/run.sh": "#!/bin/bash\nthe-runner run\n",
      "/opt/actions-runner/config.sh": "#!/bin/bash\nthe-runner configure\n",
      "/var/lib/cloud/instances/a/user-data.txt": render(values),
      "/var/lib/cloud/instances/a/user-data.txt.i": render(values),
      "/var/lib/cloud/instances/a/cloud-config.txt": render(values),
      "/var/lib/cloud/instances/a/obj.pkl": render(values),
      "/var/lib/cloud/instance/user-data.txt": render(values),
      "/run/cloud-init/instance-data-sensitive.json": render(values),
      "/run/cloud-init/combined-cloud-config.json": render(values),
      "/run/cloud-init/status.json": "{}",
    },
    customCommands: [
      log("chown"),
      log("systemctl"),
      defineCommand("runuser", async (args, shell) => {
        calls.push(["runuser", ...args].join(" "));
        const [program = ""] = args.slice(args.indexOf("--") + 1);
        assert.equal(shell.cwd, "/opt/actions-runner");
        return (await shell.exec?.(program, { cwd: shell.cwd, env: Object.fromEntries(shell.env) })) ?? assert.fail();
      }),
      defineCommand("the-runner", async ([mode = ""], shell) => ({
        ...ok,
        exitCode: await runner(mode, shell, guest),
      })),
    ],
  });
  for (const name of ["run.sh", "config.sh"]) await guest.fs.chmod(`/opt/actions-runner/${name}`, 0o755);
  const config = configOf(values);
  for (const command of config.bootcmd) await guest.exec(command.join(" "));
  for (const file of config.write_files) {
    await guest.fs.mkdir(posix.dirname(file.path), { recursive: true });
    await guest.fs.writeFile(file.path, file.content);
    await guest.fs.chmod(file.path, Number.parseInt(file.permissions, 8));
  }
  for (const command of config.runcmd) assert.deepEqual((await guest.exec(command)).stderr, "");
  return { guest, calls };
}

/** Takes one job, as the real runner does: with its hooks around it. */
async function takeJob(mode: string, shell: CommandContext, guest: Bash): Promise<number> {
  if (mode !== "run") return 0;
  const hook = (when: string) => guest.exec(shell.env.get(`ACTIONS_RUNNER_HOOK_JOB_${when}`) ?? "", { env: job });
  const job = { GITHUB_RUN_ID: "8812" };
  assert.equal((await hook("STARTED")).exitCode, 0);
  assert.equal((await hook("COMPLETED")).exitCode, 0);
  return 0;
}

const stateOf = async (guest: Bash): Promise<string> => (await guest.fs.readFile(state)).trim();

describe("the default user-data", () => {
  for (const [kind, values, secret] of [
    ["JIT config", withJit, jitConfig],
    ["registration token", withToken, token],
  ] as const) {
    describe(`with a ${kind}`, () => {
      test("contains the secret once", () => {
        assert.equal(render(values).split(secret).length, 2);
      });

      test("keeps it in memory, in a file for root alone, and in nothing that is run", () => {
        const config = configOf(values);
        assert.deepEqual(fileOf(config, "/run/dispatcher/credential"), {
          path: "/run/dispatcher/credential",
          permissions: "0600",
          content: secret,
        });
        assert.deepEqual(config.bootcmd.at(-1), ["chmod", "0700", "/run/dispatcher"]);
      });

      test("leaves no copy of it anywhere once cloud-init has handed over", async () => {
        const { guest, calls } = await boot(values, takeJob);
        const found = await guest.exec(`grep -rlF '${secret}' /var /run /etc /opt`);
        assert.equal(found.stdout.trim(), "/run/dispatcher/credential");
        assert.equal(await guest.fs.exists("/run/cloud-init/status.json"), true);
        assert.deepEqual(calls, ["systemctl daemon-reload", "systemctl start --no-block dispatcher-runner.service"]);
      });

      test("runs one job as the unprivileged user, and the secret is in no argument and no file", async () => {
        const seen: string[] = [];
        const { guest, calls } = await boot(values, async (mode, shell) => {
          const name = kind === "JIT config" ? "JITCONFIG" : "TOKEN";
          seen.push(`${mode} ${shell.env.get(`ACTIONS_RUNNER_INPUT_${name}`) ?? "-"} ${await stateOf(guest)}`);
          assert.equal(await guest.fs.exists("/run/dispatcher/credential"), false);
          await takeJob(mode, shell, guest);
          if (mode === "run") seen.push(await stateOf(guest));
          return 0;
        });
        assert.equal((await guest.exec("/opt/dispatcher/run-once")).exitCode, 0);
        const expected = {
          "JIT config": [`run ${secret} listening`, "done"],
          "registration token": [`configure ${secret} starting`, "run - listening", "done"],
        };
        assert.deepEqual(seen, expected[kind]);
        assert.equal(await stateOf(guest), "done");
        assert.ok(
          calls.filter((call) => call.startsWith("runuser")).every((call) => call.startsWith("runuser -u ci -- ./")),
        );
        assert.equal(calls.join("\n").includes(secret), false);
        assert.equal((await guest.exec(`grep -rlF '${secret}' /var /run /etc /opt`)).stdout, "");
      });

      test("opens the state to the runner's user and to readers, only after the secret is gone", async () => {
        const { guest, calls } = await boot(values, takeJob);
        assert.equal((await guest.fs.stat("/run/dispatcher")).mode & 0o777, 0o700);
        await guest.exec("/opt/dispatcher/run-once");
        assert.equal((await guest.fs.stat("/run/dispatcher")).mode & 0o777, 0o755);
        assert.equal((await guest.fs.stat(state)).mode & 0o777, 0o644);
        assert.ok(calls.includes(`chown ci ${state}`));
      });
    });
  }

  test("says which job runs while it runs", async () => {
    const { guest } = await boot(withJit, takeJob);
    await guest.exec("/opt/dispatcher/job-started.sh", { env: { GITHUB_RUN_ID: "8812" } });
    assert.equal(await stateOf(guest), "job 8812");
  });

  test("registers by token as ephemeral, without updates, under its own name and labels", async () => {
    const labels = ["self-hosted", "it's", "a b"];
    const { guest, calls } = await boot({ ...withToken, runnerLabels: labels }, takeJob);
    await guest.exec("/opt/dispatcher/run-once");
    assert.ok(
      calls.includes(
        "runuser -u ci -- ./config.sh --unattended --url https://github.com/octo-org/octo-repo --name ci-abcdefghij " +
          "--labels self-hosted,it's,a b --ephemeral --replace --disableupdate",
      ),
      calls.join("\n"),
    );
  });

  const failures: readonly (readonly [string, UserDataValues, (guest: Bash) => Promise<unknown>, number, string])[] = [
    ["there is no credential", withJit, (guest) => guest.fs.rm("/run/dispatcher/credential"), 0, "no credential"],
    ["the image has no runner", withJit, (guest) => guest.fs.rm("/opt/actions-runner/run.sh"), 0, "no actions runner"],
    ["the runner could not register", withToken, async () => {}, 1, "config.sh ended with 1"],
    ["the runner failed", withJit, async () => {}, 7, "the runner ended with 7"],
    ["the runner ended without a job", withJit, async () => {}, 0, "without a job"],
  ];
  for (const [what, values, prepare, exitCode, said] of failures) {
    test(`says on the console and in the state that ${what}`, async () => {
      const { guest } = await boot(values, async () => exitCode);
      await prepare(guest);
      assert.equal((await guest.exec("/opt/dispatcher/run-once")).exitCode, 1);
      assert.match(await stateOf(guest), new RegExp(`^failed: .*${said}`));
      assert.match(await guest.fs.readFile("/dev/console"), new RegExp(`^dispatcher: .*${said}`));
    });
  }

  test("powers the guest off however the run ends, and bounds it by the hard lifetime and a day of waiting", () => {
    const { content } = fileOf(configOf(withJit), "/etc/systemd/system/dispatcher-runner.service");
    assert.match(content, /^ExecStart=\/opt\/dispatcher\/run-once$/m);
    assert.match(content, /^ExecStopPost=\+\/usr\/bin\/systemctl poweroff --no-block$/m);
    assert.match(content, /^RuntimeMaxSec=90000$/m);
    assert.match(content, /^Restart=no$/m);
  });

  test("asks nothing of the image but the runner: it names the guest and makes the user", () => {
    const config = configOf(withJit);
    assert.equal(config.hostname, "ci-abcdefghij");
    assert.deepEqual(config.users.at(-1), {
      name: "ci",
      gecos: "Runs the jobs",
      shell: "/bin/bash",
      lock_passwd: true,
    });
    for (const script of ["run-once", "job-started.sh", "job-completed.sh"]) {
      const { content, permissions } = fileOf(config, `/opt/dispatcher/${script}`);
      assert.match(content, /^#!\/bin\/bash\n/);
      assert.equal(permissions, "0755");
    }
  });
});
