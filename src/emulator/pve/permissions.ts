import { type Grants, grantsOf } from "./acl.ts";
import { isCloning } from "./guest.ts";
import { forbidden, shutOut } from "./refusal.ts";
import type { TokenSpec } from "./spec.ts";
import { isNine, type PveState } from "./state.ts";
import { same } from "./tickets.ts";

/** The token in an Authorization header. All problems with one look the same from outside. */
export function recognise(state: PveState, header: string | null): TokenSpec {
  const said = /^PVEAPIToken[= ]\s*(.*)$/.exec(header ?? "")?.[1];
  if (said === undefined) throw shutOut(401, "No ticket");
  const [id = "", secret = ""] = said.split("=", 2);
  const token = state.spec.tokens.find((t) => t.id === id);
  if (token === undefined || !same(token.secret, secret)) throw shutOut(401, "Authentication failed!");
  return token;
}

/** Whether a token may do any one of these things there. */
export function allowed(state: PveState, token: TokenSpec, path: string, ...privileges: readonly string[]): boolean {
  if (!token.deletesVolumes && path.startsWith("/storage/") && privileges.every((p) => p === "Datastore.Allocate")) {
    return false;
  }
  const vmid = guestIn(path);
  // Its rights hang on the resource pool, which a guest joins only when its clone is finished.
  if (token.confined && vmid !== null) {
    const guest = state.guests.get(vmid);
    if (guest === undefined || (isCloning(guest) && guest.origin === "cloned")) return false;
  }
  const granted = privilegesOn(state, token, path);
  return granted === "all" || privileges.some((privilege) => granted.has(privilege));
}

export function demand(state: PveState, token: TokenSpec, path: string, ...privileges: readonly string[]): void {
  if (!allowed(state, token, path, ...privileges)) throw forbidden(path, privileges);
}

/** A guest that is being made has what is granted on its resource pool; PVE names the guest's own path all the same. */
export function demandOnGuest(
  { state, token, vmid }: { readonly state: PveState; readonly token: TokenSpec; readonly vmid: number },
  pool: string | null,
  privilege: string,
): void {
  if (pool !== null && allowed(state, token, `/pool/${pool}`, privilege)) return;
  demand(state, token, `/vms/${vmid}`, privilege);
}

/** An entry on a deeper path replaces what is inherited from above it; a resource pool's adds to its guests'. */
export function privilegesOn(state: PveState, token: TokenSpec, path: string): "all" | ReadonlySet<string> {
  if (token.privileges === "all") return "all";
  if (token.privileges === "acl") return new Set(listedGrants(state, token, path).keys());
  const granted = new Set(inherited(token.privileges, path));
  const vmid = guestIn(path);
  const pool = vmid === null ? null : resourcePoolOf(state, vmid);
  if (pool !== null) for (const privilege of inherited(token.privileges, `/pool/${pool}`)) granted.add(privilege);
  return granted;
}

/** By users, roles and lists. */
export function listedGrants(state: PveState, token: TokenSpec, path: string): Grants {
  const vmid = guestIn(path);
  const pool = vmid === null ? null : resourcePoolOf(state, vmid);
  return state.spec.access === null ? new Map() : grantsOf(state.spec.access, token, path, pool);
}

function resourcePoolOf(state: PveState, vmid: number): string | null {
  return state.guests.get(vmid)?.resourcePool ?? state.containers.get(vmid)?.resourcePool ?? null;
}

export type AgentKind = "Audit" | "FileRead" | "FileWrite" | "FileSystemMgmt" | "Unrestricted" | "Command";

/** What reading and steering through the guest agent needs: one privilege on 8, one per kind of call on 9. */
export function agentPrivileges(state: PveState, kind: AgentKind): readonly string[] {
  if (isNine(state) && kind === "Unrestricted") return ["VM.GuestAgent.Unrestricted"];
  if (isNine(state) && kind === "Command") return ["VM.GuestAgent.Unrestricted", "VM.GuestAgent.Unrestricted"];
  return isNine(state) ? [`VM.GuestAgent.${kind}`, "VM.GuestAgent.Unrestricted"] : ["VM.Monitor"];
}

function inherited(entries: Exclude<TokenSpec["privileges"], "all" | "acl">, path: string): readonly string[] {
  const above = entries.filter((e) => e.path === "/" || path === e.path || path.startsWith(`${e.path}/`));
  const nearest = above.reduce((longest, { path: p }) => Math.max(longest, p.length), 0);
  return above.filter((e) => e.path.length === nearest).flatMap((e) => e.privileges);
}

function guestIn(path: string): number | null {
  const digits = /^\/vms\/(\d+)$/.exec(path)?.[1];
  return digits === undefined ? null : Number(digits);
}
