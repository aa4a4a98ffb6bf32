import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../src/domain/secret.ts";
import { administeredRepositories } from "../../src/github/administered.ts";
import { ManualClock } from "../clock.ts";

test("the repositories to choose from are those that the token's owner administers", async () => {
  const asked: string[] = [];
  const fetch = async (input: string | URL | Request): Promise<Response> => {
    asked.push(new URL(input instanceof Request ? input.url : input).pathname);
    return Response.json([
      { full_name: "acme/app", permissions: { admin: true } },
      { full_name: "acme/read", permissions: { admin: false } },
      { full_name: "acme/unsaid" },
    ]);
  };
  const apiUrl = new URL("https://ghe.example/api/v3");
  const options = { apiUrl, token: new Secret("t"), fetch, clock: new ManualClock() };
  assert.deepEqual(await administeredRepositories(options, new AbortController().signal), ["acme/app"]);
  assert.deepEqual(asked, ["/api/v3/user/repos"]);
});
