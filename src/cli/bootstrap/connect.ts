import { systemClock } from "../../app/system.ts";
import type { Tools } from "../../bootstrap/tools.ts";
import type { Admin } from "../../config/admin.ts";
import { Secret } from "../../domain/secret.ts";
import { createClient } from "../../proxmox/client.ts";
import { openConsole } from "../../proxmox/console.ts";
import { createHttp, type Fetch } from "../../proxmox/http.ts";
import { fetchWithTicket } from "../../proxmox/setup/access.ts";
import { createTasks } from "../../proxmox/tasks.ts";
import { createAgent, createFetch } from "../../proxmox/tls.ts";

/** PVE in an administrator's name, websockets included. */
export async function connectAdmin(
  { url, trust, login }: Admin,
  signal: AbortSignal,
): Promise<{ readonly tools: Pick<Tools, "http" | "client" | "tasks" | "openConsole">; close(): Promise<void> }> {
  const wire = createFetch(trust);
  const dispatcher = createAgent(trust);
  let cookie: string | undefined;
  // A websocket shows the same ticket as every other request.
  const watched: Fetch = (address, init) => {
    cookie = init.headers.Cookie ?? cookie;
    return wire.fetch(address, init);
  };
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(30_000)]);
  const token =
    login.kind === "token"
      ? { tokenId: login.id, tokenSecret: login.secret, fetch: wire.fetch }
      : {
          // The ticket takes this header's place on the way out.
          tokenId: `${login.user}!ticket`,
          tokenSecret: new Secret("a-ticket-in-place-of-a-token"),
          fetch: await fetchWithTicket(watched, { url, user: login.user, password: login.password, signal: inTime }),
        };
  const http = createHttp({ url, clock: systemClock, ...token });
  const client = createClient(http);
  return {
    tools: {
      http,
      client,
      tasks: createTasks(client, systemClock),
      openConsole: (guest, ticket, cut) => {
        const options = { url, dispatcher, clock: systemClock, tokenId: token.tokenId, tokenSecret: token.tokenSecret };
        return openConsole(cookie === undefined ? options : { ...options, cookie }, guest, ticket, cut);
      },
    },
    async close() {
      await Promise.all([wire.close(), dispatcher.destroy()]);
    },
  };
}
