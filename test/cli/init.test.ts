import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, test } from "node:test";
import { cli } from "../../src/cli/cli.ts";
import { present, put } from "../../src/cli/init/files.ts";
import { freeRange } from "../../src/cli/init/site.ts";
import { Terminal } from "../../src/cli/init/terminal.ts";
import { bad, good } from "../../src/config/read.ts";
import { wholeNumber } from "../../src/config/readers.ts";
import { selfSigned } from "../../src/emulator/certificate.ts";
import { serve } from "../../src/emulator/serve.ts";
import { lab } from "../lab.ts";

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "dispatcher-test-"));
  after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function init(cwd: string, env: Record<string, string>, ...args: readonly string[]) {
  let out = "";
  let err = "";
  const code = await cli({
    args: ["init", ...args],
    env,
    cwd,
    self: ["node"],
    stop: new AbortController().signal,
    terminal: false,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

/** An emulated PVE with an administrator, and nobody at GitHub's address. */
async function site() {
  const { pve } = lab({
    world: { generation: "9.2", tokens: [], access: { users: [{ userid: "root@pam", password: "hunter2" }] } },
  });
  const certificate = await selfSigned(["localhost"], new Date("2026-01-01T00:00:00Z"));
  const server = await serve({ handler: pve.handler, tls: certificate, address: "127.0.0.1", port: 0 });
  after(() => server.close());
  return { pve, url: server.url, fingerprint: certificate.fingerprint };
}

test("bad answers are all named at once, those that only the cluster can judge too, and nothing is made or written", async () => {
  const { pve, url, fingerprint } = await site();
  const before = structuredClone(pve.state.spec);
  const answers = `
proxmox_url: ${url}
proxmox_trust: "${fingerprint}"
proxmox_admin: root@pam
proxmox_token_id: dispatcher
nodes: [pve1, pve7]
brigde: vmbr0
bridge: vmbr77
vmids: from 200
github_api_url: http://github.example
github_token: ghp_this_is_no_place_for_it
repositories: [app]
labels: "linux,windows,linux"
max_runners: 0
`;
  const folder = folderWith({ "answers.yaml": answers });
  const { code, out, err } = await init(folder, { PROXMOX_ADMIN_PASSWORD: "hunter2" }, "--answers", "answers.yaml");
  assert.equal(code, 2, out);
  const expected = [
    /proxmox_token_id: "dispatcher" is no token/,
    /nodes: there is no node "pve7"; there are pve1/,
    /brigde: unknown key; did you mean bridge\?/,
    /bridge: there is no bridge "vmbr77"/,
    /vmids: "from 200" is no range/,
    /github_api_url: http would send the token in clear/,
    /github_token: a secret has no place here/,
    /github_token: is missing/,
    /repositories: "app" is not owner\/name/,
    /labels: .*"linux" repeats "linux"/,
    /max_runners: 0 is too small/,
  ];
  for (const problem of expected) assert.match(err, problem);
  assert.doesNotMatch(out + err, /hunter2|ghp_/);
  assert.deepEqual(readdirSync(folder), ["answers.yaml"]);
  assert.deepEqual(pve.state.spec, before);
});

test("where PVE does not answer, that is told together with what else is wrong, and nothing that only PVE knows", async () => {
  const answers = { proxmox_url: "https://127.0.0.1:9", proxmox_admin: "root@pam", max_runners: "many" };
  const folder = folderWith({ "answers.yaml": JSON.stringify(answers) });
  const { code, err } = await init(folder, { PROXMOX_ADMIN_PASSWORD: "hunter3" }, "--answers", "answers.yaml");
  assert.equal(code, 2);
  assert.match(err, /Proxmox VE: login of root@pam at https:\/\/127.0.0.1:9: /);
  assert.match(err, /max_runners: "many" is not a whole number/);
  assert.doesNotMatch(err, /hunter3|nodes:/);
});

for (const [name, text, expected] of [
  ["no YAML", "a: [", /line 1, column/],
  ["a list", "- a", /must hold keys and values/],
  ["nothing", "", /must hold keys and values/],
  ["a map for a text", "nodes: { a: b }", /nodes: must be text, a number, yes or no, or a list/],
] as const) {
  test(`answers that are ${name}: one clear sentence`, async () => {
    const { code, err } = await init(folderWith({ "a.yaml": text }), {}, "--answers", "a.yaml");
    assert.equal(code, 2);
    assert.match(err, expected);
  });
}

test("what is there is not overwritten without --force, and nobody is asked before that is said", async () => {
  const folder = folderWith({ "dispatcher.env": "A=1\n", "a.yaml": "{}" });
  const refused = await init(folder, {}, "--answers", "a.yaml");
  assert.equal(refused.code, 2);
  assert.match(refused.err, /there is dispatcher.env already; give --force/);
  const forced = await init(folder, {}, "--answers", "a.yaml", "--force");
  assert.match(forced.err, /proxmox_url: is missing/);
  assert.equal(readFileSync(join(folder, "dispatcher.env"), "utf8"), "A=1\n");
});

test("a folder that is not there is told before anything is made", async () => {
  const { code, err } = await init(folderWith({ "a.yaml": "{}" }), {}, "--answers", "a.yaml", "--folder", "nowhere");
  assert.equal(code, 2);
  assert.match(err, /nowhere: there is no such folder/);
});

test("without a terminal and without answers it says what to give", async () => {
  const { code, err } = await init(folderWith({}), {});
  assert.equal(code, 2);
  assert.match(err, /nobody can be asked here; give --answers FILE/);
});

test("a file is replaced whole, and keeps no mode of what was there", () => {
  const folder = folderWith({ "dispatcher.env": "old", "dispatcher.env.new": "torn" });
  put(folder, "dispatcher.env", "new", 0o600);
  assert.equal(readFileSync(join(folder, "dispatcher.env"), "utf8"), "new");
  assert.deepEqual(readdirSync(folder), ["dispatcher.env"]);
  assert.deepEqual(present(folder), ["dispatcher.env"]);
});

test("the offered range is the first hundred from 200 on in which nobody is", () => {
  assert.equal(freeRange(new Set([100, 9000])), "200-299");
  assert.equal(freeRange(new Set([299, 300, 450])), "500-599");
});

/** A person who types these lines, and what the screen then shows. */
function person(...lines: readonly string[]) {
  const input = new PassThrough();
  const output = new PassThrough();
  const terminal = new Terminal({ input, output, env: {}, stop: new AbortController().signal });
  const type = (line: string): void => void input.write(`${line}\r`);
  for (const line of lines) type(line);
  after(() => terminal.close());
  return { terminal, input, type, screen: () => String(output.read() ?? "") };
}

test("at a terminal a question is asked again until its answer can be used", async () => {
  const { terminal, screen } = person("many", "3");
  const reader = wholeNumber({ least: 1, most: 9 });
  const answer = await terminal.ask({ key: "max_runners", what: "guests at once", reader, fallback: "4" });
  assert.equal(answer, 3);
  assert.match(screen(), /guests at once \[4\]: .*"many" is not a whole number[\s\S]*guests at once/s);
});

test("an empty answer takes the offer, and an input that ends is an end", async () => {
  const { terminal, input, screen } = person("");
  const reader = (text: string) => (text === "yes" ? good(text) : bad("no"));
  const found = ["pve1", "pve2"];
  assert.equal(await terminal.ask({ key: "guest_agent", what: "may it", reader, fallback: "yes", found }), "yes");
  assert.match(screen(), /found: pve1, pve2/);
  input.end();
  await assert.rejects(terminal.ask({ key: "guest_agent", what: "may it", reader, fallback: "yes" }));
});

test("a secret is not shown while it is typed", async () => {
  const { terminal, type, screen } = person();
  const asked = terminal.askSecret({ key: "github_token", what: "a token", variables: [], needed: true });
  type("hunter2");
  assert.equal((await asked)?.reveal(), "hunter2");
  assert.match(screen(), /a token \(not shown\): /);
  assert.doesNotMatch(screen(), /hunter2/);
});
