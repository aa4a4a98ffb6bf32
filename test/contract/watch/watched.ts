import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import { type RecordedRequest, withoutContent } from "../../../src/emulator/record.ts";
import type * as http from "../../../src/proxmox/http.ts";
import { encodeParams, encodePath } from "../../../src/proxmox/request.ts";
import type * as access from "../../../src/proxmox/setup/access.ts";
import type * as websocket from "../../../src/proxmox/websocket.ts";

export interface SeenRequest extends RecordedRequest {
  /** The test file or the command that sent it. */
  readonly by: string;
}

export const createHttp =
  (real: typeof http.createHttp, to: string): typeof http.createHttp =>
  (options) =>
    real({ ...options, fetch: telling(options.fetch, to) });

/** What it gives back is handed to `createHttp`, and told there. */
export const fetchWithTicket =
  (real: typeof access.fetchWithTicket, to: string): typeof access.fetchWithTicket =>
  (fetch, login) => {
    const told = telling(fetch, to);
    return real((url, init) => (url.endsWith("/access/ticket") ? told : fetch)(url, init), login);
  };

export const connect =
  (real: typeof websocket.connect, to: string): typeof websocket.connect =>
  (options, path, params) => {
    const url = `${options.url.origin}/api2/json/${encodePath(path)}?${encodeParams(params)}`;
    tell(to, { method: "GET", url, contentType: "", body: "" });
    return real(options, path, params);
  };

const telling =
  (fetch: http.Fetch, to: string): http.Fetch =>
  (url, init) => {
    const { method, headers, body } = init;
    const contentType = new Headers(headers).get("content-type") ?? "";
    const text = typeof body === "string" ? body : body === undefined ? "" : withoutContent(body);
    tell(to, { method, url, contentType, body: text });
    return fetch(url, init);
  };

function tell(to: string, request: RecordedRequest): void {
  const [, file = "", command = ""] = process.argv;
  const root = new URL("../../../", import.meta.url).pathname;
  const name = relative(root, file);
  const seen: SeenRequest = { ...request, by: name === "src/main.ts" ? command : name };
  appendFileSync(to, `${JSON.stringify(seen)}\n`);
}
