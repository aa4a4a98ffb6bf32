import { DispatcherError } from "../domain/errors.ts";
import { asGuestName, asRunnerId, type GuestName, type RunnerId } from "../domain/ids.ts";
import type { RunnerList, RunnerView } from "../domain/observation.ts";
import type { ScopeKey } from "../domain/pool.ts";
import type { Clock } from "../domain/time.ts";
import type { Client } from "./client.ts";
import { type About, permissions } from "./errors.ts";
import { allPages } from "./pages.ts";
import { encodePath, type Reader } from "./reader.ts";
import { runnerPage, type WireRunner } from "./wire.ts";

/** Complete, or it throws: absence from it means that a runner has no record. */
export async function listRunners(
  reader: Reader,
  scope: ScopeKey,
  clock: Clock,
  signal: AbortSignal,
): Promise<RunnerList> {
  const about = aboutRunners(scope, "list the runners");
  // While pages are read, a record that goes away moves another one from the next page to one already read.
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const question = { path: runnersPath(scope), shape: runnerPage, about };
    const { items, complete } = await allPages(reader, question, (page) => page.runners, signal);
    if (complete) return { scope, at: clock.now(), runners: items.map(viewOf) };
  }
  throw new DispatcherError("unavailable", `${about.what}: the list changed each time while it was read`, {
    status: 200,
  });
}

/** The one of exactly this name; GitHub's filter may know others. */
export async function findRunner(
  reader: Reader,
  scope: ScopeKey,
  name: GuestName,
  signal: AbortSignal,
): Promise<RunnerView | null> {
  const about = aboutRunners(scope, `look up runner ${name}`);
  const question = { path: runnersPath(scope), query: { name }, shape: runnerPage, about };
  const { items } = await allPages(reader, question, (page) => page.runners, signal);
  const found = items.find((runner) => runner.name === name);
  return found === undefined ? null : viewOf(found);
}

export async function deleteRunner(
  client: Client,
  scope: ScopeKey,
  runner: { readonly id: RunnerId; readonly name: GuestName },
  signal: AbortSignal,
): Promise<void> {
  const about = aboutRunners(scope, `remove runner ${runner.name}`);
  await client({ method: "DELETE", path: `${runnersPath(scope)}/${runner.id}`, about }, signal);
}

export const runnersPath = (scope: ScopeKey): string => `/${encodePath(scope)}/actions/runners`;

export const aboutRunners = (scope: ScopeKey, wish: string): About => ({
  what: `${wish} of ${scope}`,
  permission: permissions.runners(scope),
});

const attempts = 3;

const viewOf = (runner: WireRunner): RunnerView => ({
  id: asRunnerId(runner.id),
  name: asGuestName(runner.name),
  online: runner.status === "online",
  busy: runner.busy,
  ephemeral: runner.ephemeral ?? false,
  labels: runner.labels.map((label) => label.name),
});
