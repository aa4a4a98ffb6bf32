import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { Octokit } from "@octokit/rest";
import type { Secret } from "../domain/secret.ts";
import { fingerprintOf } from "./etags.ts";
import type { Fetch } from "./transport.ts";

export const accept = "application/vnd.github+json";

interface Access {
  readonly apiUrl: URL;
  readonly token: Secret;
  readonly fetch: Fetch;
  readonly warn: (text: string) => void;
}

/** At most ten calls at once, a second between deletions, and one more try after a 5xx or a broken connection. */
export function readingOctokit(access: Access): Octokit {
  const Reading = Octokit.plugin(throttling, retry);
  return prepared(
    new Reading({
      ...settings(access),
      throttle: {
        // The plugin's queues are shared by all clients of the process that have the same id: one per token then.
        id: `${access.apiUrl.host} ${fingerprintOf(access.token)}`,
        onRateLimit: () => false,
        onSecondaryRateLimit: () => false,
      },
      // By default it also repeats 409 and 429, three times within 14 s: longer than a pass may wait for one repository.
      retry: { retries: 1, doNotRetry: [400, 401, 403, 404, 409, 410, 422, 429, 451] },
    }),
    access,
  );
}

/** Without those plugins: a repeated `generate-jitconfig` would turn a lost answer into "already exists". */
export const mintingOctokit = (access: Access): Octokit => prepared(new Octokit(settings(access)), access);

function settings({ apiUrl, fetch, warn }: Access) {
  const silent = () => {};
  const log = { debug: silent, info: silent, warn, error: silent };
  return { baseUrl: apiUrl.href.replace(/\/+$/, ""), log, request: { fetch, log, redirect: "follow" as const } };
}

function prepared(octokit: Octokit, { token }: Access): Octokit {
  octokit.hook.before("request", (options) => {
    Object.assign(options.headers, {
      accept,
      authorization: `Bearer ${token.reveal()}`,
      "user-agent": "dispatcher",
      "x-github-api-version": "2022-11-28",
    });
  });
  return octokit;
}
