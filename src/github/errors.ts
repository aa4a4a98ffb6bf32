import { DispatcherError, type ErrorCode, messageOf } from "../domain/errors.ts";
import type { ScopeKey } from "../domain/pool.ts";
import { type Instant, MINUTE, type Ms, SECOND, spell } from "../domain/time.ts";
import { httpFailureIn } from "./http-failure.ts";
import { callTimeout, Stopped } from "./transport.ts";

/** What a call is for, and which permission it needs: the words of its error. */
export interface About {
  readonly what: string;
  readonly permission: string;
}

export const permissions = {
  readActions: "Actions: read on the repository",
  runners: (scope: ScopeKey): string =>
    scope.startsWith("orgs/")
      ? "Self-hosted runners: write on the organisation"
      : "Administration: write on the repository",
};

/** GitHub's refusals, here and nowhere else, become codes. */
export function errorOf(error: unknown, { what, permission }: About, now: Instant): DispatcherError {
  if (error instanceof DispatcherError) return error;
  if (error instanceof Stopped) {
    if (error.reason.kind === "paused") return rateLimited(what, error.reason.left);
    if (error.reason.kind === "standby") {
      return new DispatcherError("standby", `${what}: not while on standby; ${error.reason.why}`);
    }
    return new DispatcherError("timeout", `${what}: no answer within ${spell(callTimeout)}`);
  }
  const failure = httpFailureIn(error);
  if (failure === null) {
    const code = error instanceof Error && error.name === "HttpError" ? "unavailable" : "internal";
    return new DispatcherError(code, `${what}: ${redact(messageOf(error))}`);
  }
  const { status, data } = failure;
  const limit = rateLimitOf(error, now);
  if (limit !== null) return rateLimited(what, limit.asked ?? MINUTE, status);
  const code = codeOf(status);
  const said = sayingOf(data);
  const remedy = remedies[code]?.(permission);
  return new DispatcherError(code, `${what}: GitHub answered ${status}${said === "" ? "" : ` (${said})`}`, {
    status,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** As a repository or scope is shown that could not be asked. */
export function reasonOf(error: DispatcherError): string {
  const { remedy, retryAfterMs } = error.details;
  const text = error.code === "rate_limited" ? limitText(retryAfterMs ?? MINUTE) : error.message;
  return remedy === undefined ? text : `${text}; ${remedy}`;
}

export interface RateLimit {
  readonly kind: "primary" | "secondary";
  /** Null where GitHub does not say how long. */
  readonly asked: Ms | null;
}

/** GitHub says it with 403 as well as with 429; an Enterprise Server may leave all headers out. */
export function rateLimitOf(error: unknown, now: Instant): RateLimit | null {
  const failure = httpFailureIn(error);
  if (failure === null || (failure.status !== 403 && failure.status !== 429)) return null;
  const { status, headers, data } = failure;
  const exhausted = headers["x-ratelimit-remaining"] === "0";
  const kind = exhausted ? "primary" : "secondary";
  const wait = Number(headers["retry-after"] ?? Number.NaN);
  if (Number.isFinite(wait)) return { kind, asked: Math.max(wait * SECOND, SECOND) };
  const reset = Number(headers["x-ratelimit-reset"] ?? Number.NaN);
  if (exhausted) return { kind, asked: Number.isFinite(reset) ? Math.max(reset * SECOND - now, SECOND) : null };
  return status === 429 || /\brate limit\b/i.test(sayingOf(data)) ? { kind, asked: null } : null;
}

/** Whatever looks like a token or a blob of key material is cut out of text that others wrote. */
export const redact = (text: string): string =>
  text
    .replace(/gh[pousr]_[\w.-]+|github_pat_\w+|[A-Za-z0-9+/_=-]{40,}/g, "[secret]")
    .replace(/\s+/g, " ")
    .slice(0, 300);

const limitText = (ms: Ms): string => `rate limit: resets in ${spell(ms)}`;

export const rateLimited = (what: string, ms: Ms, status?: number): DispatcherError =>
  new DispatcherError("rate_limited", `${what}: ${limitText(ms)}`, {
    retryAfterMs: ms,
    remedy: "wait, or raise POLL_INTERVAL, or give dispatcher a GitHub token that nothing else uses",
    ...(status === undefined ? {} : { status }),
  });

function codeOf(status: number): ErrorCode {
  if (status >= 500) return "unavailable";
  return codes[status] ?? "internal";
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  408: "unavailable",
  409: "already_exists",
  410: "invalid",
  422: "invalid",
  451: "forbidden",
};

const remedies: Partial<Record<ErrorCode, (permission: string) => string>> = {
  unauthorized: () => "GITHUB_TOKEN is wrong, expired or revoked: put a valid token there",
  forbidden: (permission) => `give the token the permission "${permission}"`,
  not_found: (permission) => `check the name, and that the token sees it (permission "${permission}")`,
};

function sayingOf(data: unknown): string {
  if (typeof data !== "object" || data === null || !("message" in data)) return "";
  return redact(String(data.message));
}
