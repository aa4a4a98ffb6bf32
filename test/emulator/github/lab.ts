import assert from "node:assert/strict";
import type { AuditEntry } from "../../../src/emulator/audit.ts";
import { createGithub, type GithubEmulator } from "../../../src/emulator/github/github.ts";
import type { Faults } from "../../../src/emulator/github/rest.ts";
import { githubSpec } from "../../../src/emulator/github/spec.ts";
import { type ManualTime, manualTime, seededChance } from "../manual-time.ts";

export const token = "ghp_emulated0000000000000000000000000000";

export interface Lab {
  readonly github: GithubEmulator;
  readonly time: ManualTime;
  readonly audit: AuditEntry[];
  call(method: string, path: string, more?: { body?: unknown; headers?: Record<string, string> }): Promise<Response>;
  json(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  mint(name: string, labels?: readonly string[], root?: string): Promise<{ id: number; config: string }>;
  whats(): readonly string[];
}

export function lab(spec: Parameters<typeof githubSpec.parse>[0] = {}, faults: Faults = {}): Lab {
  const time = manualTime();
  const audit: AuditEntry[] = [];
  const github = createGithub({
    spec: githubSpec.parse(spec),
    time,
    chance: seededChance(),
    audit: (entry) => audit.push(entry),
    faults,
  });
  const call: Lab["call"] = (method, path, { body, headers } = {}) =>
    github.handler(
      new Request(`https://api.github.com${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  const json: Lab["json"] = async (method, path, body) =>
    (await (await call(method, path, { body })).json()) as Record<string, unknown>;
  return {
    github,
    time,
    audit,
    call,
    json,
    async mint(name, labels = ["self-hosted", "linux", "x64"], root = "/repos/octo/demo") {
      const made = await json("POST", `${root}/actions/runners/generate-jitconfig`, {
        name,
        runner_group_id: 1,
        labels,
      });
      return { id: (made.runner as { id: number }).id, config: String(made.encoded_jit_config) };
    },
    whats: () =>
      audit.flatMap((entry) => (entry.event === "job" ? [`${entry.what} ${entry.runner} ${entry.vmid}`] : [])),
  };
}

/** Each field of `expected` is so in `actual`; what else that has does not matter. */
export function includes(actual: unknown, expected: Readonly<Record<string, unknown>>): void {
  const fields = Object.entries(actual as Record<string, unknown>).filter(([name]) => name in expected);
  assert.deepEqual(Object.fromEntries(fields), expected);
}
