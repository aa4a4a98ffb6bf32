import { Agent } from "undici";
import { z } from "zod";
import { systemClock } from "../../../src/app/system.ts";
import { startChild } from "../../../src/cli/demo/child.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { createHttp, type Fetch } from "../../../src/proxmox/http.ts";
import { multipartOf } from "../../../src/proxmox/multipart.ts";
import { fetchWithTicket } from "../../../src/proxmox/setup/access.ts";
import { connect } from "../../../src/proxmox/websocket.ts";

/** A program that asks PVE what it does not know, in each way that a request can take; its argument is the way. */
const url = new URL("https://127.0.0.1:1");
const identity = { url, tokenId: "a@pve!b", tokenSecret: new Secret("c") };
const { signal } = new AbortController();
const fetch: Fetch = async () => Response.json({ data: { ticket: "t", CSRFPreventionToken: "c" } });
const http = createHttp({ ...identity, fetch, clock: systemClock });
const schema = z.unknown();

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  query: () => http.get(["version"], { schema, signal, query: { wrong: "query" } }),
  form: () =>
    http.put(["nodes", "pve1", "qemu", 101, "config"], { schema, signal, form: { wrong: "form", cores: "x" } }),
  upload: () => {
    const parts = multipartOf([["wrong", "upload"]], { name: "a.iso", bytes: new Uint8Array(3) });
    return http.post(["nodes", "pve1", "storage", "local", "upload"], { schema, signal, parts });
  },
  ticket: async () => {
    const login = { url, user: "root", password: new Secret("wrong"), signal };
    const withTicket = await fetchWithTicket(fetch, login);
    return createHttp({ ...identity, fetch: withTicket, clock: systemClock }).get(["nodes", "a b"], { schema, signal });
  },
  websocket: async () => {
    const { socket } = connect({ ...identity, dispatcher: new Agent() }, ["nodes", "pve1", "vncwebsocket"], {
      wrong: 1,
    });
    await new Promise((resolve) => socket.addEventListener("close", resolve));
  },
  // The demo's processes know neither the environment nor each other.
  demo: () => {
    const self = [process.execPath, ...process.execArgv, process.argv[1] ?? "", "query"] as [string, ...string[]];
    return startChild(self, { cwd: "/", log: "/dev/null", path: process.env.PATH ?? "" }).ended;
  },
};

const way = ways[process.argv[2] ?? ""];
if (way === undefined) throw new Error(`one of ${Object.keys(ways).join(", ")}`);
await way();
