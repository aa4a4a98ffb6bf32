import assert from "node:assert/strict";
import { after } from "node:test";
import { withoutContracts } from "../contracts.ts";
import { schemaOf } from "./schema.ts";

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly contentType: string;
  readonly body: unknown;
}

const schemas = withoutContracts === false ? ["8.4", "9.2"].map((generation) => schemaOf(generation)) : [];
const violations = new Set<string>();

/** Holds a request against both generations' schemas, where they are at hand; the test file fails at its end. */
export function held({ method, url, contentType, body }: Sent): void {
  for (const schema of schemas) {
    for (const violation of schema.violations(method, new URL(url), body, contentType)) violations.add(violation);
  }
}

after(() => assert.deepEqual([...violations], [], "requests that PVE does not know"));
