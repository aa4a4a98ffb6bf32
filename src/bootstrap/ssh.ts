import { createHash } from "node:crypto";
import ssh2, { type Client } from "ssh2";
import { DispatcherError } from "../domain/errors.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import { type Clock, MINUTE, type Ms, SECOND, spell } from "../domain/time.ts";
import { Overdue, withDeadline } from "../proxmox/deadline.ts";
import type { Shell } from "./shell.ts";
import type { Tools } from "./tools.ts";

export interface Keys {
  readonly privateKey: string;
  /** As in `authorized_keys`. */
  readonly publicLine: string;
}

/** For one container and once: the private half never leaves this process. */
export function newKeys(comment: string): Keys {
  const { private: privateKey, public: publicLine } = ssh2.utils.generateKeyPairSync("ed25519", { comment });
  return { privateKey, publicLine };
}

/** PVE logs those of the host keys that it makes. */
export const fingerprintsIn = (log: readonly string[]): ReadonlySet<string> =>
  new Set(log.flatMap((line) => /\b(SHA256:[\w+/]+)/.exec(line)?.[1] ?? []));

export async function enterBySsh(
  { client, clock }: Tools,
  { node, vmid }: { readonly node: NodeName; readonly vmid: Vmid },
  trust: { readonly keys: Keys; readonly fingerprints: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<Shell> {
  const what = `ssh to container ${vmid}`;
  if (trust.fingerprints.size === 0) {
    throw new DispatcherError("untrusted", `${what}: the creation's log names no host key; use --way console`);
  }
  const address = await addressOf();
  for (let tries = 1; ; tries++) {
    try {
      return shellOf(await connect(address, what, trust), clock, what);
    } catch (error) {
      if (error instanceof DispatcherError || tries === 30) throw error;
      // Its service starts after its network.
      await clock.sleep(2 * SECOND, signal);
    }
  }

  async function addressOf(): Promise<string> {
    for (let tries = 0; tries < 60; tries++) {
      const all = await client.containerInterfaces(node, vmid, signal);
      const found = all
        .flatMap(({ name, addresses }) => (name === "lo" ? [] : addresses))
        .find(({ family }) => family === 4);
      if (found !== undefined) return found.address;
      await clock.sleep(2 * SECOND, signal);
    }
    throw new DispatcherError("timeout", `${what}: it got no IPv4 address within ${spell(2 * MINUTE)}`, {
      remedy: "set CT_NET to an address, or use --way console",
    });
  }
}

function connect(
  host: string,
  what: string,
  { keys, fingerprints }: { readonly keys: Keys; readonly fingerprints: ReadonlySet<string> },
): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let shown: string | null = null;
    client.once("ready", () => resolve(client));
    client.once("error", (cause) => {
      const stranger = shown !== null && !fingerprints.has(shown);
      reject(
        stranger
          ? new DispatcherError("untrusted", `${what}: ${host} shows host key ${shown}, which PVE did not make for it`)
          : cause,
      );
    });
    client.connect({
      host,
      username: "root",
      privateKey: keys.privateKey,
      readyTimeout: 20 * SECOND,
      hostVerifier: (key: Buffer) => {
        shown = `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
        return fingerprints.has(shown);
      },
    });
  });
}

const shellOf = (client: Client, clock: Clock, what: string): Shell => ({
  async exec(script, deadline: Ms, signal) {
    try {
      return await withDeadline(() => execute(client, script, what), { clock, deadline, signal });
    } catch (error) {
      if (!(error instanceof Overdue)) throw error;
      throw new DispatcherError("timeout", `${what}: ${error.message}`);
    }
  },
  async close() {
    client.end();
  },
});

/** The script goes the way of its input: no process list shows it. */
function execute(client: Client, script: string, what: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    client.exec("/bin/sh -s", (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      let output = "";
      let code: number | null = null;
      const hear = (chunk: Buffer): void => {
        output = (output + chunk.toString("utf8")).slice(-256 * 1024);
      };
      channel.on("data", hear);
      channel.stderr.on("data", hear);
      channel.on("exit", (status: number | null) => {
        code = status;
      });
      channel.on("close", () => {
        if (code === null) reject(new DispatcherError("unavailable", `${what}: the connection was closed`));
        else resolve({ code, output });
      });
      channel.end(`(\n${script}\n) </dev/null\n`);
    });
  });
}
