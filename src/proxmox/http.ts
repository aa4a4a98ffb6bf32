import pRetry from "p-retry";
import type { z } from "zod";
import { DispatcherError, hasCode } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import { type Clock, type Ms, SECOND } from "../domain/time.ts";
import { readAnswer } from "./answer.ts";
import { withDeadline } from "./deadline.ts";
import { type Call, errorOfFailure, saysAgentIsSilent, saysNothingWasDone } from "./errors.ts";
import type { Multipart } from "./multipart.ts";
import { encodeParams, encodePath, type Method, type Params, type Path, spellPath } from "./request.ts";

/** As much of the platform's `fetch` as PVE needs: the real one, the emulator's handler, or a test's function. */
export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string | Uint8Array; signal: AbortSignal },
) => Promise<Response>;

export interface CallOptions<T> {
  /** What `data` must look like. */
  readonly schema: z.ZodType<T>;
  readonly signal: AbortSignal;
  /** Thirty seconds unless said otherwise: pveproxy itself gives up after that. */
  readonly deadline?: Ms;
}

/**
 * PVE's API: every call becomes its `data` or a `DispatcherError`, within its deadline. A call that the caller aborts
 * rejects with the signal's reason, except a change that may have been sent: that one is a `lost_answer` all the same.
 */
export interface PveHttp {
  /** Asked again a few times when nobody answers: PVE closes idle connections, and its daemons restart. */
  get<T>(
    path: Path,
    /** `consumes`: the answer can be had only once, so that a missing one is a loss, and nothing is asked again. */
    options: CallOptions<T> & { readonly query?: Params; readonly consumes?: boolean },
  ): Promise<T>;
  put<T>(path: Path, options: CallOptions<T> & { readonly form?: Params }): Promise<T>;
  /** `readOnly`: PVE wants a POST, but nothing changes, so a missing answer loses nothing. */
  post<T>(
    path: Path,
    options: CallOptions<T> & { readonly form?: Params; readonly parts?: Multipart; readonly readOnly?: boolean },
  ): Promise<T>;
  delete<T>(path: Path, options: CallOptions<T> & { readonly query?: Params }): Promise<T>;
}

export interface HttpOptions {
  /** With or without a path of its own, but without `/api2/json`. */
  readonly url: URL;
  /** `user@realm!name`. */
  readonly tokenId: string;
  readonly tokenSecret: Secret;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Asked right before each call that changes something; throws where this process may not. */
  readonly mayChange?: (what: string) => void;
  /** For calls that name none of their own. */
  readonly deadline?: Ms;
  /** Told of each exchange, also of those that are asked again. `outcome` is `ok`, `aborted` or the error's code. */
  readonly onCall?: (call: { method: string; path: string; ms: Ms; outcome: string }) => void;
}

export function createHttp(options: HttpOptions): PveHttp {
  const { clock, tokenSecret } = options;
  const authorization = authorizationOf(options.tokenId, tokenSecret);
  const base = options.url.href.replace(/[?#].*$/, "").replace(/\/+$/, "");

  async function send<T>(method: Method, path: Path, wanted: Wanted<T>): Promise<T> {
    const mutates = method === "GET" ? wanted.consumes === true : wanted.readOnly !== true;
    const call: Call = { method, path: spellPath(path), mutates };
    const query = encodeParams(wanted.query ?? {});
    const url = `${base}/api2/json/${encodePath(path)}${query === "" ? "" : `?${query}`}`;
    const { body, contentType } = bodyOf(wanted);
    const init = {
      method,
      headers: {
        Accept: "application/json",
        Authorization: authorization.reveal(),
        ...(contentType === null ? {} : { "Content-Type": contentType }),
      },
      ...(body === null ? {} : { body }),
    };
    const changes = method !== "GET" && wanted.readOnly !== true;
    const attempt = async (): Promise<T> => {
      if (changes) options.mayChange?.(`${method} ${call.path}`);
      return measured(call, wanted.signal, () => exchange(call, url, init, wanted));
    };
    return method === "GET" && !mutates ? retried(attempt, clock, wanted.signal) : unlessNothingWasDone(attempt);
  }

  // A server that echoes what it was sent must not bring the secret into a message.
  const hide = (text: string): string => text.replaceAll(tokenSecret.reveal(), String(tokenSecret));

  async function exchange<T>(call: Call, url: string, init: Init, wanted: Wanted<T>): Promise<T> {
    const { signal, deadline = options.deadline ?? defaultDeadline } = wanted;
    signal.throwIfAborted();
    const answer = await withDeadline(
      async (cut) => {
        const response = await options.fetch(url, { ...init, signal: cut });
        return { status: response.status, reason: response.statusText, text: await response.text() };
      },
      { clock, deadline, signal },
    ).catch((failure: unknown) => {
      if (signal.aborted && !call.mutates) throw signal.reason;
      throw errorOfFailure(call, failure);
    });
    return readAnswer(call, answer, wanted.schema, hide);
  }

  async function measured<T>(call: Call, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const began = clock.now();
    const tell = (outcome: string): void =>
      options.onCall?.({ method: call.method, path: call.path, ms: clock.now() - began, outcome });
    try {
      const data = await work();
      tell("ok");
      return data;
    } catch (error) {
      tell(error instanceof DispatcherError ? error.code : signal.aborted ? "aborted" : "internal");
      throw error;
    }
  }

  return {
    get: (path, wanted) => send("GET", path, wanted),
    put: (path, wanted) => send("PUT", path, wanted),
    post: (path, wanted) => send("POST", path, wanted),
    // PVE refuses a DELETE with a body.
    delete: (path, wanted) => send("DELETE", path, wanted),
  };
}

interface Wanted<T> extends CallOptions<T> {
  readonly query?: Params;
  readonly form?: Params;
  readonly parts?: Multipart;
  readonly readOnly?: boolean;
  readonly consumes?: boolean;
}

type Init = Omit<Parameters<Fetch>[1], "signal">;

const defaultDeadline: Ms = 30 * SECOND;

/** Three more times, after 0.1, 0.3 and 0.9 s: enough for a closed connection or a daemon that reloads. */
const getRetries = 3;
const firstPause: Ms = 100;

async function retried<T>(attempt: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  // Nearly every call is answered at once: the library, which is not cheap, comes in when one is not.
  let first: Promise<T> | null = attempt();
  try {
    return await first;
  } catch (error) {
    if (!mayPass(error)) throw error;
  }
  const again = (): Promise<T> => {
    const now = first ?? attempt();
    first = null;
    return now;
  };
  return pRetry(again, {
    retries: getRetries,
    // The library's own timer is the wall clock: the pause is made below instead.
    minTimeout: 0,
    shouldRetry: async ({ error, attemptNumber }) => {
      if (!mayPass(error)) return false;
      await clock.sleep(firstPause * 3 ** (attemptNumber - 1), signal);
      return true;
    },
  }).catch((error: unknown) => {
    // An abort's reason need not be an Error, but the library makes it one.
    if (signal.aborted && !(error instanceof DispatcherError)) throw signal.reason;
    throw error;
  });
}

const mayPass = (error: unknown): boolean => hasCode(error, "unavailable") && !saysAgentIsSilent(error.message);

async function unlessNothingWasDone<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (hasCode(error, "unavailable") && saysNothingWasDone(error.message)) return attempt();
    throw error;
  }
}

function bodyOf({ form, parts }: Pick<Wanted<unknown>, "form" | "parts">): {
  body: string | Uint8Array | null;
  contentType: string | null;
} {
  if (parts !== undefined) return parts;
  const body = encodeParams(form ?? {});
  // Without parameters there is neither body nor content type.
  return body === "" ? { body: null, contentType: null } : { body, contentType: "application/x-www-form-urlencoded" };
}

/** A header that the platform refuses would be quoted in its message, secret and all: refused here without it. */
export function authorizationOf(tokenId: string, secret: Secret): Secret {
  if (!/^[^@!\s]+@[^@!\s]+![^@!\s]+$/.test(tokenId)) {
    throw new DispatcherError("invalid", `PVE token id ${JSON.stringify(tokenId)}: is not of the form user@realm!name`);
  }
  if (!/^[\x21-\x7e]+$/.test(secret.reveal())) {
    throw new DispatcherError(
      "invalid",
      `secret of PVE token ${tokenId}: is empty or holds blanks or unusual letters`,
      {
        remedy: "set it to the secret that PVE showed when the token was made",
      },
    );
  }
  return new Secret(`PVEAPIToken=${tokenId}=${secret.reveal()}`);
}
