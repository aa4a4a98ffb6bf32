import { isUsable, listedToken } from "./access.ts";
import { recognise } from "./permissions.ts";
import { Refusal, shutOut } from "./refusal.ts";
import type { Route } from "./router.ts";
import type { TokenSpec } from "./spec.ts";
import type { PveState } from "./state.ts";

const nobody: TokenSpec = { id: "", secret: "", privileges: [], confined: false, deletesVolumes: true };

/** Who asks: a token, or a person with a ticket. */
export function identify(state: PveState, request: Request, route: Route | null, path: string): TokenSpec {
  const header = request.headers.get("authorization");
  const asToken = header?.startsWith("PVEAPIToken") === true;
  if (route?.who === "everybody") {
    if (asToken) throw needsTicket(path);
    return nobody;
  }
  const ticket = ticketIn(request.headers.get("cookie"));
  if (!asToken && ticket !== null) return person(state, request, ticket);
  const token = recognise(state, header);
  if (!isUsable(state, token.id)) throw shutOut(401, "Authentication failed!");
  if (route?.who === "tickets") throw needsTicket(path);
  return token;
}

function person(state: PveState, request: Request, ticket: string): TokenSpec {
  const userid = state.tickets.userOf(ticket);
  if (userid === null || !isUsable(state, userid)) throw shutOut(401, "permission denied - invalid PVE ticket");
  const csrf = request.headers.get("csrfpreventiontoken") ?? "";
  if (request.method !== "GET" && !state.tickets.allowsChange(userid, csrf)) {
    throw shutOut(401, "Permission denied - invalid csrf token");
  }
  const user = listedToken(userid, "");
  return userid === "root@pam" ? { ...user, privileges: "all" } : user;
}

function ticketIn(cookies: string | null): string | null {
  const found = /(?:^|;\s*)PVEAuthCookie=([^;]*)/.exec(cookies ?? "")?.[1];
  if (found === undefined || found === "") return null;
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}

const needsTicket = (path: string): Refusal =>
  new Refusal(403, `Permission check failed (URI '${path}' not available with API token, need proper ticket.\n)`);
