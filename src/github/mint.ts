import { DispatcherError, hasCode, messageOf } from "../domain/errors.ts";
import { asRunnerId, type GuestName, type InstanceName } from "../domain/ids.ts";
import { instanceLabel, type RunnerPool, runnerLabels, type ScopeKey, scopeKeyOf } from "../domain/pool.ts";
import { Secret } from "../domain/secret.ts";
import type { Credential } from "../engine/forge.ts";
import type { Client } from "./client.ts";
import type { About } from "./errors.ts";
import type { Groups } from "./groups.ts";
import type { Limiter } from "./limiter.ts";
import { plainReader, understood } from "./reader.ts";
import { aboutRunners, deleteRunner, findRunner, runnersPath } from "./runners.ts";
import { jitAnswer, tokenAnswer } from "./wire.ts";

export interface Mint {
  /** Repeats nothing. */
  readonly client: Client;
  readonly limiter: Limiter;
  readonly groups: Groups;
  readonly instance: InstanceName;
}

export async function mint(deps: Mint, pool: RunnerPool, name: GuestName, signal: AbortSignal): Promise<Credential> {
  if (pool.registration === "token") return deps.limiter.run(() => registrationToken(deps, pool, signal), signal);
  const group = await deps.groups.idFor(pool.scope, signal);
  return deps.limiter.run(() => jitConfig(deps, pool, { name, group }, signal), signal);
}

async function registrationToken({ client }: Mint, pool: RunnerPool, signal: AbortSignal): Promise<Credential> {
  const scope = scopeKeyOf(pool.scope);
  const about = aboutRunners(scope, "mint a registration token");
  const answer = await client({ method: "POST", path: `${runnersPath(scope)}/registration-token`, about }, signal);
  return { kind: "token", token: new Secret(understood(tokenAnswer, answer.data, about).token) };
}

async function jitConfig(
  deps: Mint,
  pool: RunnerPool,
  { name, group }: { readonly name: GuestName; readonly group: number },
  signal: AbortSignal,
): Promise<Credential> {
  const scope = scopeKeyOf(pool.scope);
  const about = aboutRunners(scope, `mint the JIT config for ${name}`);
  const body = {
    name,
    runner_group_id: group,
    labels: [...runnerLabels(pool, deps.instance)],
    work_folder: "_work",
  };
  try {
    const path = `${runnersPath(scope)}/generate-jitconfig`;
    const { data } = await deps.client({ method: "POST", path, about, body }, signal);
    const answer = understood(jitAnswer, data, about);
    return { kind: "jit", config: new Secret(answer.encoded_jit_config), runnerId: asRunnerId(answer.runner.id) };
  } catch (error) {
    if (!signal.aborted && !hasCode(error, "unavailable", "timeout", "already_exists")) throw error;
    const left = await removeRecord(deps, scope, name);
    signal.throwIfAborted();
    throw lost(error, about, left);
  }
}

/** GitHub may have made the runner's record before its answer was lost; its credential is lost for good. */
async function removeRecord({ client, instance }: Mint, scope: ScopeKey, name: GuestName): Promise<string> {
  // Not the caller's signal: this must not be cut in half. Each of the two calls has its own deadline.
  const { signal } = new AbortController();
  try {
    const runner = await findRunner(plainReader(client), scope, name, signal);
    if (runner === null) return "no record of it was found";
    const label = instanceLabel(instance).toLowerCase();
    const ours = runner.ephemeral && runner.labels.some((own) => own.toLowerCase() === label);
    if (!ours || runner.online || runner.busy) return "a runner of that name is not ours to remove";
    await deleteRunner(client, scope, runner, signal);
    return "its record was removed";
  } catch (error) {
    return `a record of it may be left (${messageOf(error)})`;
  }
}

function lost(error: unknown, about: About, left: string): DispatcherError {
  const text = `${error instanceof Error ? error.message : about.what}; ${left}`;
  if (hasCode(error, "already_exists")) return new DispatcherError("already_exists", text, error.details);
  return new DispatcherError("lost_answer", text, error instanceof DispatcherError ? error.details : {});
}
