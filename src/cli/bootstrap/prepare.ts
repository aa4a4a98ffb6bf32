import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { parse } from "dotenv";
import { EnvHttpProxyAgent, fetch as undiciFetch } from "undici";
import { createSigner } from "../../app/signer.ts";
import { systemClock } from "../../app/system.ts";
import { wishedAccess } from "../../bootstrap/access-wish.ts";
import type { BootstrapWish } from "../../bootstrap/bootstrap-wish.ts";
import { daemonFiles } from "../../bootstrap/daemon-files.ts";
import type { RecordFile } from "../../bootstrap/record.ts";
import type { Tools } from "../../bootstrap/tools.ts";
import type { Package, Way } from "../../bootstrap/way.ts";
import { readContainerWish } from "../../bootstrap/wish.ts";
import { type Admin, readAdmin } from "../../config/admin.ts";
import type { Config } from "../../config/config.ts";
import { problemsOf } from "../../config/read.ts";
import { DispatcherError } from "../../domain/errors.ts";
import { asNodeName } from "../../domain/ids.ts";
import { generationOf } from "../../proxmox/setup/access.ts";
import { extrasOf } from "../access-options.ts";
import type { BootstrapOptions } from "../bootstrap.ts";
import type { Io } from "../io.ts";
import { connectAdmin } from "./connect.ts";
import { wholeConfig } from "./whole-config.ts";

export interface LocalFiles {
  readonly text: (path: string) => string | null;
  readonly bytes: (path: string) => Uint8Array;
}

export type Prepared =
  | { readonly ok: true; readonly tools: Tools; readonly wish: BootstrapWish; readonly close: () => Promise<void> }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Everything that can be wrong before PVE is asked for a change is told at once. */
export async function prepare(io: Io, options: BootstrapOptions, local: LocalFiles): Promise<Prepared> {
  const files = { read: local.text };
  const env = environment(io, options);
  const { user, token, pool, seeds } = options;
  const brought = (env.PROXMOX_TOKEN_ID ?? "").trim() !== "";
  const made = { PROXMOX_TOKEN_ID: `${user}!${token}`, RESOURCE_POOL: pool, PROXMOX_STORAGE: seeds };
  const given = brought ? env : { ...made, ...withoutBlanks(env), PROXMOX_TOKEN_ID: made.PROXMOX_TOKEN_ID };
  const admin = readAdmin({ env, files, cwd: io.cwd });
  const container = readContainerWish(env);
  const daemon = daemonFiles(given, { files, path: io.cwd });
  const config = wholeConfig(given, files, io.cwd);
  const carried = packageOf(options, local);
  const way = wayOf(options, local);
  const problems = [
    ...problemsOf([admin, container, daemon]),
    ...(config.ok ? [] : config.problems),
    ...[carried, way].flatMap((one) => (typeof one === "string" ? [one] : [])),
    ...(admin.ok && admin.value === null ? [noAdmin] : []),
  ];
  const isWhole = admin.ok && admin.value !== null && container.ok && daemon.ok && config.ok;
  if (!isWhole || typeof carried === "string" || typeof way === "string") return { ok: false, problems };
  const { value: settings } = config;
  const byAgent = settings.pools.some(({ delivery }) => delivery.kind === "agent");
  const node = asNodeName(given.PROXMOX_NODE?.trim() || nodesOf(settings)[0] || "");
  const { tools, close } = await toolsOf(io, options, admin.value);
  try {
    const access = brought
      ? null
      : await wishedAccess(
          tools,
          {
            names: options,
            generation: await generationOf(tools.http, io.stop),
            extras: extrasOf(options, byAgent),
            nodes: nodesOf(settings).map(asNodeName),
            isTemplate: ({ vmid, name }) =>
              settings.pools.some(({ guest: { template } }) =>
                Object.values(template).some((one) => one === name || one === vmid),
              ),
            bridge: container.value.bridge,
            storages: [],
          },
          io.stop,
        );
    const { key, tokenSecret, files: filesOf } = daemon.value;
    const wish: BootstrapWish = {
      instance: settings.instance,
      node,
      container: container.value,
      ranges: settings.pools.map(({ guest }) => guest.range),
      way,
      package: carried,
      access,
      ha: options.ha === true,
      tokenSecret: brought ? tokenSecret : null,
      files: filesOf,
      signer: (secret) => createSigner({ ...key, tokenSecret: secret }),
      health: settings.listen === null ? null : { port: settings.listen.port },
      proxy: Object.fromEntries(proxyNames.flatMap((name) => (io.env[name] ? [[name, io.env[name]]] : []))),
    };
    return { ok: true, tools, wish, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const noAdmin =
  "an administrator's login is missing: set PROXMOX_ADMIN_USER and PROXMOX_ADMIN_PASSWORD, or PROXMOX_ADMIN_TOKEN_ID and PROXMOX_ADMIN_TOKEN_SECRET";
const proxyNames = ["http_proxy", "https_proxy", "no_proxy"] as const;

type Env = Readonly<Record<string, string | undefined>>;

function environment(io: Io, { env: named }: BootstrapOptions): Env {
  const path = resolve(io.cwd, named ?? "dispatcher.env");
  if (!existsSync(path)) {
    if (named === undefined) return io.env;
    throw new DispatcherError("invalid", `environment file ${named}: there is no such file`);
  }
  return { ...parse(readFileSync(path)), ...io.env };
}

const withoutBlanks = (env: Env): Env => Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
const nodesOf = ({ pools }: Config): readonly string[] => [...new Set(pools.flatMap(({ guest }) => guest.nodes))];
const sumOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Or what is wrong with it. */
function packageOf(
  { package: given, sha256, rootfs, uninstall }: BootstrapOptions,
  local: LocalFiles,
): Package | string {
  // Nothing is installed then.
  if (rootfs !== undefined || uninstall === true)
    return { form: "deb", from: "file", bytes: new Uint8Array(), sha256: "" };
  if (given === undefined) return "--package: name the daemon's .deb or .tar.gz (scripts/package makes both)";
  const form = given.endsWith(".deb") ? "deb" : given.endsWith(".tar.gz") ? "tarball" : null;
  if (form === null) return `--package ${given}: is neither a .deb nor a .tar.gz`;
  if (/^https?:/.test(given)) {
    if (sha256 === undefined || !/^[\da-f]{64}$/.test(sha256))
      return "--package: an address needs --sha256, 64 hex digits";
    return { form, from: "url", url: given, sha256 };
  }
  const bytes = attempted(given, local);
  return typeof bytes === "string" ? bytes : { form, from: "file", bytes, sha256: sumOf(bytes) };
}

function wayOf({ way, rootfs }: BootstrapOptions, local: LocalFiles): Way | string {
  if (rootfs === undefined) return { kind: way };
  if (!rootfs.endsWith(".tar.gz")) return `--rootfs ${rootfs}: is no .tar.gz`;
  const bytes = attempted(rootfs, local);
  return typeof bytes === "string"
    ? bytes
    : { kind: "rootfs", archive: { name: basename(rootfs), bytes, sha256: sumOf(bytes) } };
}

function attempted(path: string, local: LocalFiles): Uint8Array | string {
  try {
    return local.bytes(path);
  } catch {
    return `${path}: no such file, or it cannot be read`;
  }
}

async function toolsOf(io: Io, options: BootstrapOptions, admin: Admin) {
  const connected = await connectAdmin(admin, io.stop);
  const proxy = new EnvHttpProxyAgent();
  const tools: Tools = {
    ...connected.tools,
    clock: systemClock,
    random: () => randomBytes(12).toString("hex"),
    record: recordAt(resolve(io.cwd, options.record)),
    tell: (line) => io.out(`${line}\n`),
    async fetchFile(url, signal) {
      const answer = await undiciFetch(url, { dispatcher: proxy, signal });
      if (!answer.ok) throw new DispatcherError("not_found", `fetch ${url}: it answered ${answer.status}`);
      return new Uint8Array(await answer.arrayBuffer());
    },
  };
  const close = async (): Promise<void> => {
    await Promise.all([connected.close(), proxy.close()]);
  };
  return { tools, close };
}

const recordAt = (path: string): RecordFile => ({
  read: () => (existsSync(path) ? readFileSync(path, "utf8") : null),
  write: (text) => writeFileSync(path, text, { mode: 0o600 }),
  remove: () => rmSync(path, { force: true }),
});
