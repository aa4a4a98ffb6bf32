import assert from "node:assert/strict";
import { inspect } from "node:util";
import { DispatcherError } from "../../src/domain/errors.ts";
import { jitConfig, token } from "./samples.ts";

/** What the error says, whole; nothing of it may show a credential. */
export function complaint(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof DispatcherError);
    assert.equal(error.code, "invalid");
    const everything = inspect(error, { depth: 9 });
    assert.ok(!everything.includes(token) && !everything.includes(jitConfig), everything);
    return `${error.message} => ${error.details.remedy}`;
  }
  return assert.fail("it was accepted");
}
