import { Hono } from "hono";
import type { Instant } from "../../domain/time.ts";
import type { Audit } from "../audit.ts";
import type { Handler } from "../handler.ts";
import { type Access, accessOf, type Places } from "./access.ts";
import type { Board } from "./board.ts";
import { prefix } from "./calls.ts";
import type { Links } from "./links.ts";
import { etagOf, type Meter } from "./meter.ts";
import { Refusal } from "./refusal.ts";
import type { Registry } from "./registry.ts";
import { addPlaceRoutes } from "./rest-organisations.ts";
import { addRunnerRoutes } from "./rest-runners.ts";
import { addRunRoutes } from "./rest-runs.ts";
import type { TokenSpec } from "./spec.ts";
import type { Climate } from "./weather.ts";

/** What each route knows of its caller. */
export interface Caller {
  Variables: {
    access: Access;
    /** Where a route knows it without putting the body together. */
    etag: string | null;
  };
}

/** Steps into an exchange, to play what goes wrong in life. */
export interface Faults {
  /** Sent instead of doing anything. */
  readonly instead?: (request: Request) => Response | null;
  /** Sent although everything was done. */
  readonly afterwards?: (request: Request, answer: Response) => Response;
}

export interface RestParts {
  readonly places: Places;
  readonly tokens: readonly TokenSpec[];
  readonly board: Board;
  readonly registry: Registry;
  readonly meter: Meter;
  readonly audit: Audit;
  readonly links: () => Links;
  readonly faults: Faults;
  readonly weather: Climate;
  readonly now: () => Instant;
  /** Hears of every request. */
  readonly counted: () => void;
}

export function createRest(parts: RestParts): Handler {
  const { meter } = parts;
  const app = new Hono<Caller>();

  app.use(async (c, next) => {
    c.set("access", accessOf(c.req.header("authorization") ?? null, parts.tokens, parts.places));
    const { token } = c.var.access.token;
    if (new URL(c.req.url).pathname.replace(prefix, "") === "/rate_limit") return next();
    meter.admit(token);
    c.set("etag", null);
    await next();
    c.res = await conditional(c.req.raw, c.res, { token, etag: c.var.etag, meter });
  });

  const routes = new Hono<Caller>();
  routes.get("/rate_limit", (c) => {
    const core = meter.window(c.var.access.token.token);
    return c.json({ resources: { core, search: core, actions_runner_registration: core }, rate: core });
  });
  addPlaceRoutes(routes, parts.places, parts.links);
  addRunRoutes(routes, parts);
  addRunnerRoutes(routes, parts);
  app.route("/api/v3", routes);
  app.route("/", routes);
  app.notFound((c) => new Refusal(501, `not emulated: ${c.req.method} ${c.req.path}`).toResponse());
  app.onError((error) => {
    if (error instanceof Refusal) return error.toResponse();
    throw error;
  });

  return async (request) => {
    parts.counted();
    const answer = parts.faults.instead?.(request) ?? (await app.fetch(request));
    if (request.method !== "GET") {
      const path = new URL(request.url).pathname.replace(prefix, "");
      parts.audit({ event: "github", method: request.method, path, status: answer.status });
    }
    return parts.faults.afterwards?.(request, answer) ?? answer;
  };
}

/** Adds the ETag and the limits; what the caller has already costs nothing. */
async function conditional(
  request: Request,
  answer: Response,
  { token, etag: given, meter }: { readonly token: string; readonly etag: string | null; readonly meter: Meter },
): Promise<Response> {
  if (request.method !== "GET" || answer.status !== 200) {
    meter.charge(token);
    return withHeaders(answer, null, answer.body, meter.headers(token));
  }
  const body = given === null ? await answer.text() : answer.body;
  const etag = given ?? etagOf(token, String(body));
  const known = request.headers.get("if-none-match") === etag;
  if (!known) meter.charge(token);
  const added = { ...meter.headers(token), etag, vary: "Accept, Authorization" };
  return withHeaders(answer, known ? 304 : null, known ? null : body, added);
}

function withHeaders(
  answer: Response,
  status: number | null,
  body: string | ReadableStream | null,
  added: Readonly<Record<string, string>>,
): Response {
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(added)) headers.set(name, value);
  return new Response(body, { status: status ?? answer.status, headers });
}
