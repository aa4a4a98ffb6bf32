import type { Config } from "../config/config.ts";
import { DispatcherError } from "../domain/errors.ts";
import type { GuestName } from "../domain/ids.ts";
import type { LeaseTimes } from "../domain/lease.ts";
import type { Chance } from "../domain/naming.ts";
import type { ForgeView } from "../domain/observation.ts";
import { type RunnerPool, repositoriesOf, runnerLabels, type StoreName, storeNameOf } from "../domain/pool.ts";
import type { Decision } from "../domain/runners/decide.ts";
import { type Clock, type Instant, SECOND } from "../domain/time.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineEvent } from "../engine/events.ts";
import type { Credential } from "../engine/forge.ts";
import { Journal, type JournalFile } from "../engine/journal.ts";
import type { SeedStore } from "../engine/site.ts";
import type { Writer } from "../engine/writer.ts";
import { createForge, type GithubForge } from "../github/forge.ts";
import type { Fetch as GithubFetch } from "../github/transport.ts";
import { credentialFile } from "../guest/credential-file.ts";
import type { UserDataTemplate, UserDataValues } from "../guest/template-values.ts";
import { renderUserData } from "../guest/user-data.ts";
import { createClient, type ProxmoxClient } from "../proxmox/client.ts";
import { createHttp, type HttpOptions, type Fetch as PveFetch } from "../proxmox/http.ts";
import { createLimits, defaultLimits } from "../proxmox/limits.ts";
import { createSite } from "../proxmox/site.ts";
import { createTasks } from "../proxmox/tasks.ts";
import { Runners } from "../runners/feature.ts";
import type { Tools } from "../runners/tools.ts";
import { Health } from "./health.ts";
import { type Logger, spellError } from "./logger.ts";
import { Metrics } from "./metrics.ts";
import type { Identity } from "./process-identity.ts";
import { createSeedStores } from "./seed-stores.ts";
import { createSigner } from "./signer.ts";
import { createWriter } from "./writer.ts";

/** What differs between life, demo and simulation. */
export interface Surroundings {
  readonly clock: Clock;
  /** The clock on the wall, which may jump; `clock` never does. */
  readonly wall: () => Instant;
  readonly identity: Identity;
  /** Left out: the product's own. */
  readonly leaseTimes?: LeaseTimes;
  /** Null: no journal is kept. */
  readonly journalFile: JournalFile | null;
  readonly chance: Chance;
  readonly pveFetch: PveFetch;
  readonly githubFetch: GithubFetch;
  readonly log: Logger;
  readonly version: string;
  readonly onEvent: (event: EngineEvent) => void;
  /** No job gets a guest any more, and whoever has none is let go. */
  readonly draining?: boolean;
  /** Told of each decision and what it rests on. */
  readonly onDecision?: (decision: Decision, forge: ForgeView) => void;
}

export interface Dispatcher {
  readonly engine: Engine;
  readonly writer: Writer;
  readonly client: ProxmoxClient;
  readonly forge: GithubForge;
  readonly health: Health;
  readonly metrics: Metrics;
  /** What runners' operations work with: for a command that performs one by itself. */
  readonly tools: Tools;
}

/** The user-data templates, by path. */
export type TemplateTexts = ReadonlyMap<string, UserDataTemplate>;

/** Chooses every implementation, once. */
export function compose(config: Config, templates: TemplateTexts, around: Surroundings): Dispatcher {
  const { clock, chance, log } = around;
  const health = new Health(clock, config.pollInterval, { version: around.version, instance: config.instance });
  const metrics = new Metrics();
  const signer = createSigner({ ...config.key, tokenSecret: config.proxmox.tokenSecret });

  const onCall: NonNullable<HttpOptions["onCall"]> = ({ method, path, ms, outcome }) => {
    metrics.call("proxmox", method, outcome, ms);
    const silent =
      outcome === "unavailable" || outcome === "timeout" || outcome === "unauthorized" || outcome === "untrusted";
    if (silent) health.silent("proxmox", `${method} ${path}: ${outcome}`);
    else if (outcome !== "aborted") health.answered("proxmox");
  };
  const journal = new Journal({
    file: around.journalFile,
    instance: config.instance,
    clock,
    onTrouble: (error) =>
      log.warn(`the journal cannot be written: ${spellError(error)}; its history is lost, nothing else`),
  });
  const writer = createWriter({
    ...around,
    config,
    signer,
    fetch: around.pveFetch,
    onCall,
    onRole: (role) => {
      health.role(role);
      if (role.kind === "holder") {
        log.info("holds the lease: guests may be changed");
        engine.sweep();
      } else log.warn(`standby, nothing is changed: ${role.why}`);
    },
  });

  const http = createHttp({
    ...config.proxmox,
    mayChange: (what) => writer.mustHold(what),
    fetch: around.pveFetch,
    clock,
    onCall,
  });
  const client = createClient(http);
  const tasks = createTasks(client, clock);
  const limits = createLimits(defaultLimits);
  const stores = createSeedStores({ config, client, tasks, limits, clock, journal, writer });
  const specs = config.pools.map((pool) => pool.guest);
  const site = createSite({
    client,
    tasks,
    limits,
    clock,
    specs,
    ownership: { instance: config.instance, signer, specs },
    stores: [...stores.values()],
    tokenId: config.proxmox.tokenId,
    journal,
  });

  const forge = createForge({
    ...config.github,
    fetch: around.githubFetch,
    clock,
    chance,
    instance: config.instance,
    journal,
    whyNotChange: () => {
      const role = writer.role();
      return role.kind === "holder" ? null : role.why;
    },
    pools: config.pools,
    policy: config.policy,
    pollInterval: config.pollInterval,
    onNotice: ({ level, text }) => log[level](text),
    onCall: ({ method, path, status, ms }) => {
      metrics.call("github", method, String(status), ms);
      if (status === 401 || status === 0 || status >= 500)
        health.silent("github", `${method} ${path}: ${status || "no answer"}`);
      else health.answered("github");
    },
  });

  const tools: Tools = {
    instance: config.instance,
    site,
    forge,
    clock,
    chance,
    pools: new Map(config.pools.map((pool) => [pool.name, pool])),
    storeOf: ({ delivery }) => (delivery.kind === "agent" ? null : storeOf(stores, storeNameOf(delivery))),
    storeNamed: (name) => stores.get(name) ?? null,
    render: (pool, name, credential) => renderUserDataFor(config, templates, pool, name, credential),
    credentialFile: (pool, name, credential) => credentialFile(valuesFor(config, pool, name, credential)),
  };
  const runners = new Runners({
    ...tools,
    maxTotal: config.maxTotal,
    draining: around.draining ?? false,
    destroyed: journal.destroyed,
    onDecision: (decision, view) => {
      metrics.decision(decision, view);
      for (const [about, why] of [...view.silent, ...view.silentScopes]) health.silent("github", `${about}: ${why}`);
      around.onDecision?.(decision, view);
    },
  });

  const engine = new Engine({
    site,
    features: [runners],
    role: () => writer.role(),
    clock,
    interval: config.pollInterval,
    onEvent: (event) => {
      metrics.engine(event);
      if (event.event === "pass.done" || event.event === "pass.standby") health.passed();
      if (event.event === "pass.failed") health.failed(event.error instanceof Error ? event.error.message : "unknown");
      around.onEvent(event);
    },
  });
  return { engine, writer, client, forge, health, metrics, tools };
}

function storeOf(stores: ReadonlyMap<StoreName, SeedStore>, name: StoreName): SeedStore {
  const store = stores.get(name);
  if (store === undefined) throw new DispatcherError("internal", `seed store ${name}: not configured`);
  return store;
}

/** The user-data that makes a guest this runner. */
export function renderUserDataFor(
  config: Config,
  templates: TemplateTexts,
  pool: RunnerPool,
  name: GuestName,
  credential: Credential,
): string {
  const path = pool.userDataTemplate;
  return renderUserData(templates.get(path) ?? { path, text: "" }, valuesFor(config, pool, name, credential));
}

const valuesFor = (config: Config, pool: RunnerPool, name: GuestName, credential: Credential): UserDataValues => ({
  runnerName: name,
  runnerLabels: runnerLabels(pool, config.instance),
  repoUrl: registrationUrl(config.github.apiUrl, pool),
  runnerUser: pool.runnerUser,
  credential,
  hardLifetimeSeconds: Math.ceil(pool.hardLifetime / SECOND),
});

/** Where a runner registers: the page of its repository or organisation, on the server whose API we use. */
function registrationUrl(apiUrl: URL, { scope }: RunnerPool): string {
  const path = scope.kind === "repository" ? repositoriesOf(scope)[0] : scope.organisation;
  const { protocol, host } = apiUrl;
  return `${protocol}//${host.startsWith("api.") ? host.slice("api.".length) : host}/${path}`;
}
