import { Secret } from "../../src/domain/secret.ts";
import { createHttp, type Fetch, type PveHttp } from "../../src/proxmox/http.ts";
import { FakeClock } from "./fake-clock.ts";

export const secretText = "5f0e9f3c-0000-4aaa-8bbb-1234567890ab";

export interface Seen {
  readonly method: string;
  /** Below `/api2/json`, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

export type Reply = (call: Seen) => Response | Promise<Response>;

export const data = (value: unknown): Response => Response.json({ data: value });

/** As PVE 8.4 refuses: its sentence in the reason phrase and in the body. */
export const refusal = (status: number, reason: string, more: Record<string, unknown> = {}): Response =>
  new Response(JSON.stringify({ data: null, message: `${reason}\n`, ...more }), { status, statusText: reason });

/** As pveproxy refuses: without a body. */
export const bare = (status: number, reason: string): Response => new Response(null, { status, statusText: reason });

/** What undici's fetch throws. */
export const broken = (code: string, message = code): TypeError =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });

/** A client whose PVE is one function. The last reply stands for all calls that follow. */
export function fakePve(...replies: readonly Reply[]): {
  http: PveHttp;
  clock: FakeClock;
  seen: Seen[];
  calls: string[];
} {
  const seen: Seen[] = [];
  const calls: string[] = [];
  const clock = new FakeClock();
  const fetch: Fetch = async (url, { method, headers, body }) => {
    const call = { method, path: url.replace("https://pve.test:8006/api2/json", ""), headers, body };
    seen.push(call);
    const reply = replies[Math.min(seen.length, replies.length) - 1];
    if (reply === undefined) throw new Error("no reply was given");
    return reply(call);
  };
  const http = createHttp({
    url: new URL("https://pve.test:8006"),
    tokenId: "gha@pve!test",
    tokenSecret: new Secret(secretText),
    fetch,
    clock,
    onCall: ({ method, path, outcome }) => calls.push(`${method} ${path} ${outcome}`),
  });
  return { http, clock, seen, calls };
}

export const never = new AbortController().signal;
