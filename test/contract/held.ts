import { readFileSync } from "node:fs";
import { schemaOf } from "./schema.ts";
import type { SeenRequest } from "./watch/watched.ts";

/** Refused by a schema and meant so. */
export interface Exception {
  readonly by: string;
  readonly violation: RegExp;
  readonly reason: string;
}

export interface Held {
  readonly requests: number;
  /** How often each call, as the schema spells it, was sent by whom. */
  readonly calls: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly violations: readonly string[];
  /** Requests of which not even an unknown parameter would be noticed. */
  readonly blind: number;
  readonly used: ReadonlySet<Exception>;
}

const generations = ["8.4", "9.2"] as const;

/** Every request of a record against both schemas. */
export function holdRecord(file: string, exceptions: readonly Exception[] = []): Held {
  const schemas = generations.map((generation) => ({ generation, ...schemaOf(generation) }));
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  const calls = new Map<string, Map<string, number>>();
  const violations = new Set<string>();
  const used = new Set<Exception>();
  let blind = 0;
  for (const { method, url, contentType, body, by } of lines.map((line) => JSON.parse(line) as SeenRequest)) {
    const name = schemas.at(-1)?.nameOf(method, new URL(url)) ?? "";
    const senders = calls.get(name) ?? new Map<string, number>();
    calls.set(name, senders.set(by, (senders.get(by) ?? 0) + 1));
    for (const { generation, violations: judge } of schemas) {
      for (const violation of judge(method, new URL(url), body, contentType)) {
        const meant = exceptions.find((one) => one.by === by && one.violation.test(violation));
        if (meant === undefined) violations.add(`${by}: PVE ${generation}: ${violation}`);
        else used.add(meant);
      }
      const wrong = new URL(url);
      wrong.searchParams.append("nosuch", "1");
      if (judge(method, wrong, body, contentType).length === 0) blind++;
    }
  }
  return { requests: lines.length, calls, violations: [...violations], blind, used };
}
