import { Buffer } from "node:buffer";

export type Service = "pve" | "github";

/** One request of a daemon, as the world between it and the servers sees it. */
export interface Exchange {
  readonly service: Service;
  readonly life: number;
  readonly method: string;
  readonly path: string;
  /** What it asks for, without the names in it: `POST clone`, `GET config`. */
  readonly call: string;
  readonly mutates: boolean;
  readonly node: string | null;
  /** The guest that it would change or read; a clone's is the new one. */
  readonly vmid: number | null;
  /** The file that an upload or a deletion names. */
  readonly volume: string | null;
  /** The form's text; empty for uploads. */
  readonly form: string;
}

export function exchangeOf(
  service: Service,
  life: number,
  { url, method, body }: { readonly url: string; readonly method: string; readonly body: string | Uint8Array | null },
): Exchange {
  const { pathname, search } = new URL(url);
  const path = pathname.replace(/^\/api2\/json/, "").replace(/^\/api\/v3(?=\/)/, "");
  const form = typeof body === "string" ? body : "";
  const common = { service, life, method, path: path + search, mutates: method !== "GET", form };
  if (service === "github") {
    return { ...common, call: `${method} ${githubWord(path)}`, node: null, vmid: null, volume: null };
  }
  const [, node = null] = /^\/nodes\/([^/]+)/.exec(path) ?? [];
  const [, there] = /\/qemu\/(\d+)/.exec(path) ?? [];
  const clone = path.endsWith("/clone") ? new URLSearchParams(form).get("newid") : null;
  const asked = path === "/cluster/nextid" ? new URLSearchParams(search).get("vmid") : null;
  const made = method === "POST" && path.endsWith("/qemu") ? new URLSearchParams(form).get("vmid") : null;
  const digits = clone ?? there ?? asked ?? made;
  return {
    ...common,
    call: `${method} ${pveWord(path)}`,
    node,
    vmid: digits === null || digits === undefined ? null : Number(digits),
    volume: volumeOf(path, body),
  };
}

const pveWord = (path: string): string => {
  if (/^\/nodes\/[^/]+\/qemu\/\d+$/.test(path)) return "guest";
  if (/\/storage\/[^/]+\/content\/.+/.test(path)) return "volume";
  if (/\/tasks\/UPID[^/]*$/.test(path)) return "task";
  if (/^\/pools\/.+/.test(path)) return "pool";
  if (/\/tasks\/UPID/.test(path)) return `task ${path.split("/").at(-1)}`;
  return path.split("/").at(-1) ?? "";
};

function githubWord(path: string): string {
  const words = path.split("/").filter((word) => word !== "");
  const last = words.at(-1) ?? "";
  return /^\d+$/.test(last) ? `${words.at(-2)?.replace(/s$/, "")}` : last;
}

function volumeOf(path: string, body: string | Uint8Array | null): string | null {
  const [, storage, named] = /\/storage\/([^/]+)\/(?:upload|content\/(.+))$/.exec(path) ?? [];
  if (storage === undefined) return null;
  if (named !== undefined) return decodeURIComponent(named);
  if (!(body instanceof Uint8Array)) return null;
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, 2_000)).toString("latin1");
  const file = /filename="([^"]+)"/.exec(head)?.[1];
  return file === undefined ? null : `${storage}:iso/${file}`;
}
