import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { GuestName, RunnerId } from "../domain/ids.ts";
import type { ScopeKey } from "../domain/pool.ts";
import type { Clock } from "../domain/time.ts";
import type { Deregistered } from "../engine/forge.ts";
import type { Client } from "./client.ts";
import { permissions } from "./errors.ts";
import type { Reader } from "./reader.ts";
import { deleteRunner, listRunners } from "./runners.ts";

export async function deregister(
  { client, reader, clock }: { readonly client: Client; readonly reader: Reader; readonly clock: Clock },
  scope: ScopeKey,
  runner: { readonly id: RunnerId; readonly name: GuestName },
  signal: AbortSignal,
): Promise<Deregistered> {
  try {
    await deleteRunner(client, scope, runner, signal);
    return "removed";
  } catch (error) {
    if (hasCode(error, "invalid") && error.details.status === 422) return "busy";
    if (!hasCode(error, "not_found")) throw error;
  }
  const { runners } = await listRunners(reader, scope, clock, signal);
  if (!runners.some(({ id, name }) => id === runner.id || name === runner.name)) return "absent";
  throw new DispatcherError(
    "unavailable",
    `remove runner ${runner.name} of ${scope}: GitHub does not find it, but still lists it`,
    { remedy: `if this stays so, give the token the permission "${permissions.runners(scope)}"` },
  );
}
