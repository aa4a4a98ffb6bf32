import type { Context, Hono } from "hono";
import { z } from "zod";
import type { ScopeKey } from "../../domain/pool.ts";
import type { Instant } from "../../domain/time.ts";
import { encodeJitConfig, filesOf } from "./jit-config.ts";
import type { Links } from "./links.ts";
import { pageOf } from "./paging.ts";
import { type Seen, seenOf } from "./past.ts";
import { notFound, Refusal } from "./refusal.ts";
import type { Registry } from "./registry.ts";
import type { Caller } from "./rest.ts";
import type { GroupSpec } from "./spec.ts";
import { defaultGroup, type Runner, same, scopeOfOrganisation, scopeOfRepository } from "./state.ts";
import { type Climate, shiftOf } from "./weather.ts";
import { showDownloads, showRunner } from "./wire-runners.ts";

interface Place {
  readonly scope: ScopeKey;
  readonly name: string;
  readonly groups: readonly GroupSpec[];
}

export interface RunnerParts {
  readonly registry: Registry;
  readonly links: () => Links;
  readonly weather: Climate;
  readonly now: () => Instant;
}

const jitRequest = z.object({
  name: z.string().min(1).max(64),
  runner_group_id: z.number().int(),
  labels: z.array(z.string().min(1)).min(1).max(100),
  work_folder: z.string().optional(),
});

/** `…/actions/runners…` of repositories and of organisations: the same calls in two places. */
export function addRunnerRoutes(app: Hono<Caller>, parts: RunnerParts): void {
  const { registry, links, weather } = parts;
  const places: readonly [string, (c: Context<Caller>) => Place][] = [
    [
      "/repos/:owner/:repo/actions/runners",
      (c) => {
        const { name } = c.var.access.administration(`${c.req.param("owner")}/${c.req.param("repo")}`);
        return { scope: scopeOfRepository(name), name, groups: [defaultGroup] };
      },
    ],
    [
      "/orgs/:org/actions/runners",
      (c) => {
        const { login, groups } = c.var.access.runnersOf(c.req.param("org") ?? "");
        return { scope: scopeOfOrganisation(login), name: login, groups };
      },
    ],
  ];
  for (const [root, placeOf] of places) {
    app.get(root, (c) => {
      const { scope } = placeOf(c);
      const url = new URL(c.req.url);
      const name = url.searchParams.get("name");
      const found = listed().filter(([r]) => r.scope === scope && (name === null || same(r.name, name)));
      const page = pageOf(found, url, { shift: shiftOf(weather, "runners", url) });
      const runners = page.items.map(([runner, seen]) => showRunner(runner, seen));
      return c.json({ total_count: found.length, runners }, 200, page.headers);
    });

    app.get(`${root}/downloads`, (c) => {
      placeOf(c);
      return c.json(showDownloads(links()));
    });

    app.get(`${root}/:id{[0-9]+}`, (c) => c.json(showRunner(runnerIn(placeOf(c), c.req.param("id") ?? ""))));

    app.delete(`${root}/:id{[0-9]+}`, (c) => {
      const runner = runnerIn(placeOf(c), c.req.param("id") ?? "");
      if (runner.job !== null) {
        throw new Refusal(422, `Bad request - Runner "${runner.name}" is still running a job"`);
      }
      registry.remove(runner, "deleted");
      return c.body(null, 204);
    });

    app.post(`${root}/generate-jitconfig`, async (c) => {
      const place = placeOf(c);
      const wish = await bodyOf(c);
      const group = groupIn(place, wish.runner_group_id);
      if (registry.named(place.scope, wish.name) !== null) {
        throw new Refusal(409, `Already exists - A runner with the name ${wish.name} already exists.`);
      }
      const labels = wish.labels.map((label) => label.toLowerCase());
      const { scope } = place;
      const runner = registry.add({ scope, group, name: wish.name, labels, ephemeral: true, kind: "jit" });
      const files = filesOf(runner, `${links().html}/${place.name}`);
      return c.json({ runner: showRunner(runner), encoded_jit_config: encodeJitConfig(files) }, 201);
    });

    for (const kind of ["registration-token", "remove-token"]) {
      app.post(`${root}/${kind}`, (c) => {
        const { token, expiresAt } = registry.mint(placeOf(c).scope);
        return c.json({ token, expires_at: new Date(expiresAt).toISOString() }, 201);
      });
    }
  }

  /** What a list shows: the present, unless it lags behind. */
  function listed(): readonly (readonly [Runner, Seen])[] {
    const present = [...registry.runners].map((runner) => [runner, seenOf(runner)] as const);
    const stale = weather.now("stale runners");
    if (stale === null) return present;
    const then = registry.past.at(parts.now() - stale.ms);
    if (stale.what === "records") return [...then].sort(([a], [b]) => a.id - b.id);
    return present.map(([runner, seen]) => [runner, then.get(runner) ?? unseen(seen)]);
  }

  function runnerIn(place: Place, id: string): Runner {
    const runner = registry.numbered(place.scope, Number(id));
    if (runner === null) throw notFound();
    return runner;
  }
}

/** Of a record that is younger than the list: as it was made. */
const unseen = (seen: Seen): Seen => ({ ...seen, online: false, busy: false });

async function bodyOf(c: Context<Caller>): Promise<z.infer<typeof jitRequest>> {
  const body: unknown = await c.req.json().catch(() => null);
  if (typeof body !== "object" || body === null) throw new Refusal(400, "Problems parsing JSON");
  for (const key of ["name", "runner_group_id", "labels"]) {
    if (!(key in body)) {
      throw new Refusal(422, `Invalid request.\n\nInvalid input: object is missing required key: ${key}.`);
    }
  }
  const read = jitRequest.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new Refusal(422, `Invalid request.\n\nInvalid input at ${issue?.path.join("/")}: ${issue?.message}.`);
}

function groupIn(place: Place, id: number): GroupSpec {
  const group = place.groups.find((g) => g.id === id);
  if (group !== undefined) return group;
  // Group 2 holds GitHub's own machines.
  throw id === 2 ? new Refusal(403, "Resource not accessible by personal access token") : notFound();
}
