import { z } from "zod";
import { DispatcherError, messageOf } from "../../domain/errors.ts";
import { Secret } from "../../domain/secret.ts";
import type { Fetch, PveHttp } from "../http.ts";
import type { Found } from "./difference.ts";
import { madeHere, type Piece } from "./pieces.ts";
import type { Generation } from "./roles.ts";

/** An administrator's ticket in place of a token, on every request. */
export async function fetchWithTicket(
  fetch: Fetch,
  login: { readonly url: URL; readonly user: string; readonly password: Secret; readonly signal: AbortSignal },
): Promise<Fetch> {
  const { url, user, password, signal } = login;
  const response = await fetch(`${url.href.replace(/\/+$/, "")}/api2/json/access/ticket`, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ username: user, password: password.reveal() }).toString(),
    signal,
  }).catch((cause: unknown) => {
    if (cause instanceof DispatcherError) throw cause;
    const reason = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
    throw new DispatcherError("unavailable", `login of ${user} at ${url.origin}: ${messageOf(reason)}`, { cause });
  });
  const body: unknown = response.ok ? await response.json() : null;
  const data = ticketAnswer.safeParse(body).data?.data;
  if (data === undefined) {
    throw new DispatcherError("unauthorized", `login of ${user}: PVE answered ${response.status}`, {
      remedy:
        "check PROXMOX_ADMIN_USER (with its realm, as in root@pam) and PROXMOX_ADMIN_PASSWORD; a second factor needs PROXMOX_ADMIN_TOKEN_ID",
    });
  }
  const session = {
    Cookie: `PVEAuthCookie=${encodeURIComponent(data.ticket)}`,
    CSRFPreventionToken: data.CSRFPreventionToken,
  };
  return (address, init) => {
    const { Authorization: _, ...headers } = init.headers;
    return fetch(address, { ...init, headers: { ...headers, ...session } });
  };
}

const ticketAnswer = z.object({ data: z.object({ ticket: z.string(), CSRFPreventionToken: z.string() }) });

export async function generationOf(http: PveHttp, signal: AbortSignal): Promise<Generation> {
  const { version } = await http.get(["version"], { schema: z.looseObject({ version: z.string() }), signal });
  const major = Number(version.split(".")[0]);
  if (major === 8 || major === 9) return major;
  throw new DispatcherError("invalid", `PVE ${version}: 8 and 9 are known`);
}

/** All that the pieces are compared with. */
export async function findPieces(http: PveHttp, signal: AbortSignal): Promise<Found> {
  const [storages, pools, roles, users, acl] = await Promise.all([
    http.get(["storage"], { schema: z.array(storageRow), signal }),
    http.get(["pools"], { schema: z.array(poolRow), signal }),
    http.get(["access", "roles"], { schema: z.array(roleRow), signal }),
    http.get(["access", "users"], { schema: z.array(userRow), query: { full: true }, signal }),
    http.get(["access", "acl"], { schema: z.array(aclRow), signal }),
  ]);
  return { storages, pools, roles, users, acl };
}

const text = z.string().optional();
/** PVE's Perl answers numbers and their texts for booleans. */
const flag = z.union([z.boolean(), z.number(), z.string()]).transform((value) => Number(value) === 1);
const storageRow = z.object({ storage: z.string(), type: z.string(), path: text, content: text });
const poolRow = z.object({ poolid: z.string(), comment: text });
const roleRow = z.object({ roleid: z.string(), privs: text });
const tokenRow = z.object({ tokenid: z.string(), privsep: flag.default(true), comment: text });
const userRow = z.object({
  userid: z.string(),
  comment: text,
  enable: flag.default(true),
  tokens: z
    .array(tokenRow)
    .nullish()
    .transform((tokens) => tokens ?? []),
});
const aclRow = z.object({
  path: z.string(),
  roleid: z.string(),
  type: z.string(),
  ugid: z.string(),
  propagate: flag.default(true),
});

/** A new token's secret, which PVE shows this once; null for everything else. */
export async function makePiece(http: PveHttp, piece: Piece, signal: AbortSignal): Promise<Secret | null> {
  const post = (path: readonly string[], form: Record<string, string | boolean>): Promise<unknown> =>
    http.post(path, { schema: z.unknown(), form, signal });
  switch (piece.kind) {
    case "storage":
      await post(["storage"], { storage: piece.id, type: "dir", path: piece.path, content: "iso" });
      return null;
    case "pool":
      await post(["pools"], { poolid: piece.id, comment: madeHere });
      return null;
    case "role":
      await post(["access", "roles"], { roleid: piece.id, privs: piece.privileges.join(",") });
      return null;
    case "user":
      await post(["access", "users"], { userid: piece.id, comment: madeHere });
      return null;
    case "acl":
      await grant(http, piece, false, signal);
      return null;
    case "token": {
      const made = await post(pathOf(piece), { privsep: piece.privsep, comment: madeHere });
      return new Secret(z.object({ value: z.string() }).parse(made).value);
    }
  }
}

export async function mendPiece(http: PveHttp, piece: Piece, signal: AbortSignal): Promise<void> {
  const put = (form: Record<string, string | boolean>): Promise<unknown> =>
    http.put(pathOf(piece), { schema: z.unknown(), form, signal });
  switch (piece.kind) {
    case "storage":
      await put({ content: "iso" });
      return;
    case "role":
      await put({ privs: piece.privileges.join(",") });
      return;
    case "user":
      await put({ enable: true });
      return;
    case "token":
      await put({ privsep: piece.privsep });
      return;
    case "acl":
      await grant(http, piece, false, signal);
      return;
    case "pool":
      return;
  }
}

export async function removePiece(http: PveHttp, piece: Piece, signal: AbortSignal): Promise<void> {
  if (piece.kind === "acl") await grant(http, piece, true, signal);
  else await http.delete(pathOf(piece), { schema: z.unknown(), signal });
}

function grant(
  http: PveHttp,
  piece: Extract<Piece, { kind: "acl" }>,
  remove: boolean,
  signal: AbortSignal,
): Promise<unknown> {
  const who = piece.type === "user" ? { users: piece.id } : { tokens: piece.id };
  const form = {
    path: piece.path,
    roles: piece.role,
    ...who,
    propagate: piece.propagate,
    ...(remove ? { delete: true } : {}),
  };
  return http.put(["access", "acl"], { schema: z.unknown(), form, signal });
}

function pathOf(piece: Piece): readonly string[] {
  switch (piece.kind) {
    case "storage":
      return ["storage", piece.id];
    case "pool":
      return ["pools", piece.id];
    case "role":
      return ["access", "roles", piece.id];
    case "user":
      return ["access", "users", piece.id];
    case "acl":
      return ["access", "acl"];
    case "token":
      return ["access", "users", piece.user, "token", piece.name];
  }
}
