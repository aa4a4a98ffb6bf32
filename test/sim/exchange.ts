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
  const [path, search] = partsOf(url);
  const form = typeof body === "string" ? body : "";
  const common = { service, life, method, path: path + search, mutates: method !== "GET", form };
  if (service === "github") {
    return { ...common, call: `${method} ${namesIn(path, githubWord).word}`, node: null, vmid: null, volume: null };
  }
  const { node, there, word, ofVolumes } = namesIn(path, pveWord);
  const clone = path.endsWith("/clone") ? new URLSearchParams(form).get("newid") : null;
  const asked = path === "/cluster/nextid" ? new URLSearchParams(search).get("vmid") : null;
  const made = method === "POST" && path.endsWith("/qemu") ? new URLSearchParams(form).get("vmid") : null;
  const digits = clone ?? there ?? asked ?? made;
  return {
    ...common,
    call: `${method} ${word}`,
    node,
    vmid: digits === null || digits === undefined ? null : Number(digits),
    volume: ofVolumes ? volumeOf(path, body) : null,
  };
}

/** Paths as the clients of this simulation spell them: they need no putting right, and parsing them is not cheap. */
function partsOf(url: string): readonly [path: string, search: string] {
  const from = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("?", from);
  const path = end < 0 ? url.slice(from) : url.slice(from, end);
  return [path.replace(/^\/api2\/json|^\/api\/v3(?=\/)/, ""), end < 0 ? "" : url.slice(end)];
}

interface Names {
  readonly node: string | null;
  readonly there: string | undefined;
  readonly word: string;
  readonly ofVolumes: boolean;
}

const known = new Map<string, Names>();

/** The same few paths come again and again. */
function namesIn(path: string, wordOf: (path: string) => string): Names {
  const before = known.get(path);
  if (before !== undefined) return before;
  const [, node = null] = /^\/nodes\/([^/]+)/.exec(path) ?? [];
  const [, there] = /\/qemu\/(\d+)/.exec(path) ?? [];
  const names = { node, there, word: wordOf(path), ofVolumes: path.includes("/storage/") };
  if (known.size > 5_000) known.clear();
  known.set(path, names);
  return names;
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
