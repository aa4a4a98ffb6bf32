import assert from "node:assert/strict";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { RunnerPool } from "../../src/domain/pool.ts";

export type Variables = Readonly<Record<string, string | undefined>>;
/** Path → text. Relative paths start in `/etc/dispatcher`. */
export type FileTexts = Readonly<Record<string, string>>;

export const folder = "/etc/dispatcher";
export const builtinTemplate = "/usr/share/dispatcher/user-data.ejs";

/** All that nobody can do without. */
export const required: Variables = {
  PROXMOX_URL: "https://pve.example:8006/api2/json",
  PROXMOX_NODE: "pve1",
  PROXMOX_TOKEN_ID: "dispatcher@pve!daemon",
  PROXMOX_TOKEN_SECRET: "pve-secret-5b1f",
  GITHUB_TOKEN: "github-secret-9c2e",
};

export function load(env: Variables, texts: FileTexts = {}) {
  const all: FileTexts = { [builtinTemplate]: "jit: <%= jitConfig %>", ...texts };
  const found = new Map(Object.entries(all).map(([path, text]) => [absolute(path), text]));
  const files = { read: (path: string) => found.get(path) ?? null };
  return loadConfig({ env, files, cwd: folder, builtinTemplate });
}

/** The configuration of the required values and these. */
export function configOf(env: Variables = {}, texts: FileTexts = {}): Config {
  return loadedOf(env, texts).config;
}

export function warningsOf(env: Variables = {}, texts: FileTexts = {}): readonly string[] {
  return loadedOf(env, texts).warnings;
}

export function problemsOf(env: Variables = {}, texts: FileTexts = {}): readonly string[] {
  const loaded = load({ ...required, ...env }, texts);
  return loaded.ok ? [] : loaded.problems;
}

export function onlyPool(config: Config): RunnerPool {
  const [pool, ...others] = config.pools;
  assert.ok(pool !== undefined && others.length === 0);
  return pool;
}

/** A dispatcher.yaml of pools, each of these lines with a name and VMIDs of its own. */
export const yamlOf = (...pools: readonly string[]): FileTexts => ({
  "dispatcher.yaml": `pools:\n${pools.map((rest, index) => `  - {name: p${index}, ${rest}}`).join("\n")}\n`,
});

function loadedOf(env: Variables, texts: FileTexts) {
  const loaded = load({ ...required, ...env }, texts);
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.problems.join("\n"));
  return loaded;
}

const absolute = (path: string): string => (path.startsWith("/") ? path : `${folder}/${path}`);
