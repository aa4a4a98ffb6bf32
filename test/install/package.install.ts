import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { without } from "../guest/tools.ts";
import { debianRoot, inside } from "./debian.ts";
import { build, commitOfNow, run, workFolder } from "./packages.ts";

/** What is released: built twice, looked into, and installed on a bare Debian 13. */

const work = workFolder();
after(work.remove);
let out = "";
let again = "";
let version = "";
let files: readonly string[] = [];
const tree = join(work.path, "tree");

before(() => {
  const origin = commitOfNow(work.path);
  version = (JSON.parse(readFileSync(join(origin, "package.json"), "utf8")) as { version: string }).version;
  out = build(origin, join(work.path, "one"), { umask: "022", env: { TZ: "Asia/Tokyo", LANG: "C" } });
  again = build(origin, join(work.path, "elsewhere", "two"), { umask: "077", env: { TZ: "UTC", LANG: "C.UTF-8" } });
  files = run("tar", ["-tzf", join(out, `dispatcher-${version}.tar.gz`)])
    .trim()
    .split("\n");
  mkdirSync(tree);
  run("tar", ["-xzf", join(out, `dispatcher-${version}.tar.gz`), "-C", tree, "--strip-components=1"]);
});

test("two clones give the same bytes, whatever the folder, the umask and the time zone", () => {
  assert.deepEqual(readdirSync(again).sort(), [
    "SHA256SUMS",
    `dispatcher-${version}.cdx.json`,
    `dispatcher-${version}.tar.gz`,
    `dispatcher_${version}_all.deb`,
    `proxmox-dispatcher-${version}.tgz`,
  ]);
  const sums = (folder: string): string => readFileSync(join(folder, "SHA256SUMS"), "utf8");
  assert.equal(sums(again), sums(out));
  run("sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: again });
});

test("npm's package holds the program, templates and examples, and no test", () => {
  const listed = run("tar", ["-tzf", join(out, `proxmox-dispatcher-${version}.tgz`)])
    .trim()
    .split("\n");
  const tops = new Set(listed.map((path) => path.split("/")[1]));
  for (const top of ["dist", "templates", "dispatcher.env.example", "dispatcher.yaml.example", "package.json"]) {
    assert.ok(tops.has(top), top);
  }
  for (const top of ["test", "src", "node_modules", ".ci", "packaging", "scripts"]) assert.ok(!tops.has(top), top);
});

test("the tarball is whole and runs on every architecture: nothing compiled, nothing for development", () => {
  const within = (path: string): boolean => files.some((file) => file.startsWith(`dispatcher-${version}/${path}`));
  for (const path of ["bin/dispatcher", "dist/main.js", "node_modules/ssh2/", "templates/", "install", "packaging/"]) {
    assert.ok(within(path), path);
  }
  for (const path of [
    "src/",
    "test/",
    "node_modules/typescript/",
    "node_modules/@biomejs/",
    "node_modules/cpu-features/",
  ]) {
    assert.ok(!within(path), path);
  }
  const compiled = files.filter((file) => /\.(node|so|dll|dylib)$/.test(file));
  assert.deepEqual(compiled, []);
});

test("what was left out of it is not missed: its own demo serves jobs, on the emulator that it carries", () => {
  const said = run(join(tree, "bin/dispatcher"), ["demo", "--jobs", "2", "--json"], { cwd: work.path });
  const { completed, left } = JSON.parse(said) as { completed: number; left: unknown };
  assert.deepEqual([completed, left], [2, { guests: 0, seeds: 0, runners: 0 }]);
});

test("the list of parts names each package in the tarball, with its version and checksum, and no other", () => {
  interface Part {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly "bom-ref": string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  }
  const bom = JSON.parse(readFileSync(join(out, `dispatcher-${version}.cdx.json`), "utf8")) as {
    readonly bomFormat: string;
    readonly specVersion: string;
    readonly serialNumber: string;
    readonly components: readonly Part[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  };
  assert.equal(bom.bomFormat, "CycloneDX");
  assert.match(bom.specVersion, /^1\.[56]$/);
  assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const packaged = files.flatMap((file) => {
    const [, path] = /^[^/]+\/((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(file) ?? [];
    if (path === undefined) return [];
    const { name, version: of } = JSON.parse(readFileSync(join(tree, path, "package.json"), "utf8")) as Part;
    return [`${name}@${of}`];
  });
  const named = bom.components.map((part) => `${part.name}@${part.version}`);
  assert.deepEqual([...new Set(named)].sort(), [...new Set(packaged)].sort());
  for (const part of bom.components) {
    assert.match(part.purl, /^pkg:npm\/\S+@\d/);
    assert.match(part.hashes?.find(({ alg }) => alg === "SHA-512")?.content ?? "", /^[0-9a-f]{128}$/, part.name);
  }
  const known = new Set([...bom.components, { "bom-ref": `proxmox-dispatcher@${version}` }].map((p) => p["bom-ref"]));
  for (const { ref, dependsOn } of bom.dependencies)
    for (const one of [ref, ...dependsOn]) assert.ok(known.has(one), one);
});

test("the unit is exposed by 2.0 at most, as systemd reckons", { skip: without("systemd-analyze") }, () => {
  const shown = run("systemd-analyze", ["security", "--offline=true", "--no-pager", "packaging/dispatcher.service"]);
  const exposure = Number(/exposure level for \S+ (\d+\.\d+)/.exec(shown)?.[1]);
  console.log(`exposure: ${exposure}`);
  assert.ok(exposure <= 2, shown);
});

test("the Debian package says what it needs, and ships nothing into /etc", { skip: without("dpkg-deb") }, () => {
  const deb = join(out, `dispatcher_${version}_all.deb`);
  const info = run("dpkg-deb", ["--info", deb]);
  assert.match(info, /Depends: nodejs \(>= 20\.19\)/);
  assert.match(info, new RegExp(`Version: ${version}`));
  const listed = run("dpkg-deb", ["--contents", deb]);
  for (const path of [
    "/usr/bin/dispatcher -> ../lib/dispatcher/bin/dispatcher",
    "/usr/lib/dispatcher/dist/main.js",
    "/usr/lib/systemd/system/dispatcher.service",
    "/usr/lib/sysusers.d/dispatcher.conf",
    "/usr/share/doc/dispatcher/examples/dispatcher.env.example",
  ]) {
    assert.ok(listed.includes(path), path);
  }
  assert.doesNotMatch(listed, / \.\/(etc|var|opt)\//);
  assert.deepEqual(
    listed.split("\n").filter((line) => line !== "" && !line.includes(" root/root ")),
    [],
    "everything is root's",
  );
  const modes = new Set(listed.split("\n").flatMap((line) => line.split(" ")[0] || []));
  assert.deepEqual([...modes].sort(), ["-rw-r--r--", "-rwxr-xr-x", "drwxr-xr-x", "lrwxrwxrwx"]);
});

const asRoot = process.getuid?.() === 0 ? without("mmdebstrap") : "needs root";

test("it installs on a bare Debian 13, leaves /etc/dispatcher alone, and goes without a trace", {
  skip: asRoot,
}, () => {
  const root = join(work.path, "root");
  debianRoot(root);
  const deb = `dispatcher_${version}_all.deb`;
  cpSync(join(out, deb), join(root, "root", deb));
  const { commit } = JSON.parse(
    run("tar", ["-xzOf", join(out, `dispatcher-${version}.tar.gz`), `dispatcher-${version}/dist/build.json`]),
  ) as { commit: string };
  assert.match(commit, /^[0-9a-f]{12}$/);

  inside(root, `dpkg -i /root/${deb}`);
  assert.equal(inside(root, "dispatcher --version").trim(), `${version} (commit ${commit})`);
  assert.equal(inside(root, "systemd-analyze verify dispatcher.service").trim(), "");
  const exposure = inside(root, "systemd-analyze security --offline=true --threshold=20 --no-pager dispatcher.service");
  console.log(exposure.trim().split("\n").at(-1));
  assert.equal(inside(root, "systemctl is-enabled dispatcher.service || true").trim(), "disabled");
  assert.equal(
    inside(root, "stat -c '%a %U %G' /etc/dispatcher /etc/dispatcher/credentials").trim(),
    "750 root dispatcher\n700 root root",
  );

  inside(root, "echo PROXMOX_NODE=mine > /etc/dispatcher/dispatcher.env && mkdir -p /var/lib/dispatcher");
  inside(root, `dpkg -i /root/${deb}`);
  assert.equal(inside(root, "cat /etc/dispatcher/dispatcher.env").trim(), "PROXMOX_NODE=mine", "installed anew");
  inside(root, "dpkg --remove dispatcher");
  assert.equal(inside(root, "cat /etc/dispatcher/dispatcher.env").trim(), "PROXMOX_NODE=mine", "removed");
  inside(root, "dpkg --purge dispatcher");
  for (const path of ["etc/dispatcher", "var/lib/dispatcher", "usr/lib/dispatcher", "usr/bin/dispatcher"]) {
    assert.ok(!existsSync(join(root, path)), path);
  }
});
