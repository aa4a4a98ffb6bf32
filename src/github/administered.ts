import { z } from "zod";
import type { Secret } from "../domain/secret.ts";
import type { Clock } from "../domain/time.ts";
import { createClient } from "./client.ts";
import { mintingOctokit } from "./octokit.ts";
import { Pause } from "./pause.ts";
import { plainReader } from "./reader.ts";
import { createTransport, type Fetch } from "./transport.ts";

/** Full names of the repositories that the token's owner administers, the newest hundred: to choose from, no proof. */
export async function administeredRepositories(
  options: { readonly apiUrl: URL; readonly token: Secret; readonly fetch: Fetch; readonly clock: Clock },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { clock } = options;
  const transport = createTransport({ fetch: options.fetch, clock, pausedFor: () => 0 });
  const octokit = mintingOctokit({ ...options, fetch: transport, warn: () => {} });
  const reader = plainReader(createClient(octokit, { primary: new Pause(clock), secondary: new Pause(clock) }, clock));
  const about = { what: "list the token's repositories", permission: "Metadata: read on the repositories" };
  const query = { per_page: 100, sort: "pushed" };
  const found = await reader.get({ path: "/user/repos", query, shape: repositories, about }, signal);
  return found.filter(({ permissions }) => permissions?.admin === true).map(({ full_name }) => full_name);
}

const repositories = z.array(
  z.looseObject({ full_name: z.string(), permissions: z.looseObject({ admin: z.boolean() }).nullish() }),
);
