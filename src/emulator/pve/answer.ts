import { SECOND } from "../../domain/time.ts";
import type { Audit } from "../audit.ts";
import type { Handler } from "../handler.ts";
import { pause } from "../time.ts";
import { accessCalls } from "./access-calls.ts";
import { aclCalls } from "./acl-calls.ts";
import { agentCalls } from "./agent-calls.ts";
import { agentCommandCalls } from "./agent-command.ts";
import { agentExecCalls } from "./agent-exec.ts";
import { applianceCalls } from "./appliance-calls.ts";
import { readInput, refuseEarly } from "./body.ts";
import { cloudInitCalls } from "./cloud-init-calls.ts";
import { clusterCalls } from "./cluster-calls.ts";
import { configCalls } from "./config-calls.ts";
import { consoleCalls } from "./console-calls.ts";
import { createCalls } from "./create-calls.ts";
import { featureCalls } from "./feature-calls.ts";
import { firewallCalls } from "./firewall-calls.ts";
import { aText, aVmid, storageId } from "./formats.ts";
import { guestCalls } from "./guest-calls.ts";
import { haCalls } from "./ha-calls.ts";
import { keyCalls } from "./key-calls.ts";
import { lxcCalls } from "./lxc-calls.ts";
import { lxcCreateCalls } from "./lxc-create.ts";
import { lxcPowerCalls } from "./lxc-power.ts";
import { lxcSnapshotCalls } from "./lxc-snapshot-calls.ts";
import { networkCalls } from "./network-calls.ts";
import { nodeConfigCalls } from "./node-config-calls.ts";
import { checked, type Parameters } from "./parameters.ts";
import { demand } from "./permissions.ts";

import { poolCalls } from "./pool-calls.ts";
import { powerCalls } from "./power-calls.ts";
import { failed, Refusal, responseOf } from "./refusal.ts";
import { roleCalls } from "./role-calls.ts";
import { type Call, type Match, type PathNames, type Route, Router } from "./router.ts";
import { identify } from "./session.ts";
import { snapshotCalls } from "./snapshot-calls.ts";
import type { TokenSpec } from "./spec.ts";
import type { PveState } from "./state.ts";
import { storageCalls } from "./storage-calls.ts";
import { storageConfigCalls } from "./storage-config-calls.ts";
import { suspendCalls } from "./suspend-calls.ts";
import { taskCalls } from "./task-calls.ts";
import { templateCalls } from "./template-calls.ts";
import { ticketCalls } from "./ticket-calls.ts";
import { tokenCalls } from "./token-calls.ts";
import { authoriseUpload, uploadCall } from "./upload-call.ts";
import { userCalls } from "./user-calls.ts";
import { volumeCalls } from "./volume-calls.ts";

/** Looked at before each request: what it answers is sent instead, and PVE has done nothing. */
export interface Faults {
  before(request: Request): Response | null | Promise<Response | null>;
}

interface Parts {
  readonly state: PveState;
  readonly audit: Audit;
  readonly faults: Faults;
}

const root = "/api2/json";
/** Every call that is answered. */
export const allRoutes: readonly Route[] = [
  ...clusterCalls,
  ...guestCalls,
  ...configCalls,
  ...powerCalls,
  ...createCalls,
  ...templateCalls,
  ...snapshotCalls,
  ...featureCalls,
  ...keyCalls,
  ...lxcCalls,
  ...lxcCreateCalls,
  ...lxcPowerCalls,
  ...lxcSnapshotCalls,
  ...firewallCalls,
  ...nodeConfigCalls,
  ...taskCalls,
  ...storageCalls,
  ...networkCalls,
  uploadCall,
  ...accessCalls,
  ...aclCalls,
  ...roleCalls,
  ...ticketCalls,
  ...tokenCalls,
  ...userCalls,
  ...storageConfigCalls,
  ...agentCalls,
  ...agentCommandCalls,
  ...agentExecCalls,
  ...suspendCalls,
  ...cloudInitCalls,
  ...consoleCalls,
  ...poolCalls,
  ...haCalls,
  ...volumeCalls,
  ...applianceCalls,
];
const router = new Router(allRoutes);

export function answerer({ state, audit, faults }: Parts): Handler {
  return async (request) => {
    const instead = await faults.before(request);
    if (instead !== null) return instead;
    const url = new URL(request.url);
    const path = apiPath(url);
    const match = path === null ? null : router.find(request.method, path.split("/").filter(isWord).map(decoded));
    let token: TokenSpec;
    try {
      refuseEarly(request);
      token = identify(state, request, match?.route ?? null, path ?? url.pathname);
    } catch (error) {
      return refuse(state, error);
    }
    // A clone only reads the guest that its path names.
    const vmid = match?.route.call === "clone" ? null : numberIn(match?.names.vmid);
    const note = { vmid, volume: null };
    const response = await perform(state, { request, url, path, match, token, note }).catch((error: unknown) =>
      refuse(state, error),
    );
    if (request.method !== "GET") {
      const { status, statusText: reason } = response;
      const call = match?.route.call ?? "unknown";
      audit({ event: "pve", call, method: request.method, path: path ?? url.pathname, status, reason, ...note });
    }
    return response;
  };
}

interface Performance {
  readonly request: Request;
  readonly url: URL;
  readonly path: string | null;
  readonly match: Match | null;
  readonly token: TokenSpec;
  readonly note: Call["note"];
}

async function perform(state: PveState, { request, url, path, match, token, note }: Performance): Promise<Response> {
  if (match === null) throw unknown(request.method, path ?? url.pathname);
  const { route, names } = match;
  if (names.node !== undefined) await reachNode(state, names.node);
  if (route === uploadCall) authoriseUpload(state, token, names.storage ?? "");
  if (route.needs !== undefined) {
    const [where, ...privileges] = route.needs(state, names);
    demand(state, token, where, ...privileges);
  }
  const { raw, file } = await readInput(request, url);
  const { generation } = state.spec;
  const values = checked(new Map([...raw, ...Object.entries(names)]), parametersOf(match), generation);
  const { data, total } = await route.answer({
    state,
    token,
    node: names.node ?? "",
    vmid: numberIn(names.vmid) ?? 0,
    values,
    file,
    note,
  });
  return Response.json(total === undefined ? { data } : { data, total }, { statusText: "OK" });
}

const unknown = (method: string, path: string): Refusal =>
  new Refusal(501, `Method '${method} ${path}' not implemented`);

/** Every node's calls go through the one that was asked, which has to find the other first. */
async function reachNode(state: PveState, name: string): Promise<void> {
  const node = state.spec.nodes.find((n) => n.name === name);
  if (node === undefined) {
    throw failed(
      `hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`,
    );
  }
  if (node.online) return;
  await pause(state.time, 3 * SECOND);
  throw new Refusal(595, "No route to host", { body: "empty" });
}

/** A configuration has hundreds: put together once for each route, whose paths all have the same names. */
const known = new WeakMap<Route, Parameters>();

function parametersOf({ route, names }: Match): Parameters {
  const parameters = known.get(route) ?? { ...pathParameters(names), ...route.parameters };
  known.set(route, parameters);
  return parameters;
}

const pathParameters = (names: PathNames): Parameters =>
  Object.fromEntries(
    Object.keys(names).map((name) => [name, name === "vmid" ? aVmid : name === "storage" ? storageId : aText]),
  );

async function refuse(state: PveState, error: unknown): Promise<Response> {
  const refusal = error instanceof Refusal ? error : failed(error instanceof Error ? error.message : String(error));
  if (refusal.details.delay !== undefined) await pause(state.time, refusal.details.delay);
  return responseOf(refusal);
}

/** Without a trailing slash, which PVE ignores. Null outside of the API. */
function apiPath({ pathname }: URL): string | null {
  if (!pathname.startsWith(`${root}/`)) return null;
  return pathname.slice(root.length).replace(/(.)\/+$/, "$1");
}

const isWord = (segment: string): boolean => segment !== "";
const numberIn = (text: string | undefined): number | null => (/^\d+$/.test(text ?? "") ? Number(text) : null);

function decoded(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
