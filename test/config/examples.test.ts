import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parse } from "dotenv";
import { environmentNames, variables } from "../../src/config/environment.ts";
import { configOf, load, onlyPool, required } from "./given.ts";

const textOf = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const envExample = textOf("dispatcher.env.example");
const yamlExample = textOf("dispatcher.yaml.example");
const assignments = [...envExample.matchAll(/^(# )?([A-Z_]+)=(.*)$/gm)].map(([, comment, name, value]) => ({
  name: name ?? "",
  value: value ?? "",
  optional: comment !== undefined,
}));

describe("dispatcher.env.example", () => {
  test("documents each variable that is read, once, and no other", () => {
    assert.deepEqual(assignments.map(({ name }) => name).sort(), [...environmentNames].sort());
  });

  test("sets the five required ones first, and comments out the others", () => {
    const set = assignments.filter(({ optional }) => !optional);
    assert.deepEqual(
      set.map(({ name }) => name),
      Object.keys(required),
    );
    assert.deepEqual(assignments.slice(0, set.length), set);
    assert.deepEqual(parse(envExample), Object.fromEntries(set.map(({ name }) => [name, ""])));
  });

  test("shows the true defaults", () => {
    const defaults = Object.entries(variables).filter(([, value]) => value !== null);
    const shown = new Map(assignments.map(({ name, value }) => [name, value]));
    assert.ok(defaults.length > 15);
    assert.deepEqual(
      defaults.map(([name]) => [name, shown.get(name)]),
      defaults,
    );
  });

  test("loads once the required values are filled in", () => {
    const filled = envExample.replace(/^([A-Z_]+)=$/gm, (_, name: string) => `${name}=${required[name]}`);
    const loaded = load(parse(filled));
    assert.ok(loaded.ok);
    assert.deepEqual(loaded.warnings, []);
    assert.deepEqual(loaded.config, configOf());
  });

  test("gives each optional variable a value that loads", () => {
    const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
    // Files that the examples point at; secrets are given by one way only, and snippets are used.
    const skipped = /_FILE$|^CREDENTIALS_DIRECTORY$|^RUNNER_POOLS_CONFIG$|^CLONE_STORAGE$/;
    const env = Object.fromEntries(
      assignments.filter(({ name }) => !skipped.test(name)).map(({ name, value }) => [name, required[name] ?? value]),
    );
    const pkrtpl = { "runners/ubuntu-2204/cloud-init/runner-user-data.pkrtpl": "plain" };
    const loaded = load(
      { ...env, CLONE: "full", CLONE_STORAGE: "local-lvm" },
      { "dispatcher.yaml": "max_total_runners: 4", "pve-root-ca.pem": pem, ...pkrtpl },
    );
    assert.deepEqual(loaded.ok ? [] : loaded.problems, []);
  });
});

describe("dispatcher.yaml.example", () => {
  test("loads, without a warning", () => {
    const { PROXMOX_NODE: _, ...env } = required;
    const loaded = load(env, { "dispatcher.yaml": yamlExample });
    assert.deepEqual(loaded.ok ? loaded.warnings : loaded.problems, []);
    assert.ok(loaded.ok);
    assert.deepEqual(
      loaded.config.pools.map(({ name }) => name),
      ["small", "large", "snippets"],
    );
  });

  test("is not needed: without the file there is one pool", () => {
    assert.equal(onlyPool(configOf()).name, "default");
  });
});
