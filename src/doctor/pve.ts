import type { DispatcherError } from "../domain/errors.ts";
import type { NodeName } from "../domain/ids.ts";
import type { RunnerPool } from "../domain/pool.ts";
import { candidates, spellRange } from "../domain/vmids.ts";
import type { GuestSummary } from "../proxmox/client.ts";
import type { Marked } from "../proxmox/template-markers.ts";
import { meantBy } from "../proxmox/templates.ts";
import { distinct, type Patient, type Sight, type Site, type SiteCheck } from "./examined.ts";
import { attempt, blocks, type Finding, good, unread, warns } from "./finding.ts";
import { markedTemplates } from "./images.ts";
import type { Generation } from "./needs.ts";

/** How PVE's certificate is trusted. Whether it is the right one shows in the first call. */
export function checkTls({ config }: Patient): Finding {
  const { url, trust } = config.proxmox;
  if (url.protocol === "http:") {
    const remedy = "write https:// in PROXMOX_URL";
    return warns("tls", `${url.origin} is asked without TLS`, "anyone on the way can read the token", remedy);
  }
  switch (trust.kind) {
    case "system":
      return good("tls", "PVE's certificate is checked against the system's authorities");
    case "ca":
      return good("tls", "PVE's certificate is checked against the authority of PROXMOX_CA_CERT");
    case "fingerprint":
      return good("tls", "PVE's certificate is pinned by its fingerprint");
    case "none":
      return warns(
        "tls",
        "PVE's certificate is not checked",
        "anyone on the way can read the token",
        "set PROXMOX_FINGERPRINT to what `pvenode cert info` prints on the node, or PROXMOX_CA_CERT",
      );
  }
}

/** Whether PVE answers, and which one. Null: nothing else of it can be looked at. */
export async function checkToken({ config, pve, signal }: Patient): Promise<{
  readonly generation: Generation | null;
  readonly findings: readonly Finding[];
}> {
  const read = await attempt(pve.version(signal));
  if (!read.ok) {
    const { error } = read;
    const again = "mend that first, and call doctor again";
    return {
      generation: null,
      findings: [
        silence(error, config.proxmox.tokenId),
        unread("privileges", "privileges, template, storages, bridges and VMIDs", error, again),
      ],
    };
  }
  const { version } = read.value;
  const major = Number.parseInt(version, 10);
  const said = `PVE ${version} answers to ${config.proxmox.tokenId}`;
  if (major === 8 || major === 9) return { generation: major, findings: [good("pve", said)] };
  const why = "privileges and answers differ between generations; those of PVE 8 and 9 are known";
  const remedy = major < 8 ? "upgrade PVE to 8 or 9" : "see whether there is a newer dispatcher";
  const level = major < 8 ? blocks : warns;
  return { generation: major < 8 ? 8 : 9, findings: [level("pve", said, why, remedy)] };
}

function silence(error: DispatcherError, tokenId: string): Finding {
  const why = "without it nothing is seen and nothing is launched";
  const { remedy } = error.details;
  if (error.code === "untrusted") {
    return blocks(
      "tls",
      `PVE's certificate is not trusted: ${error.message}`,
      why,
      remedy ?? "set PROXMOX_FINGERPRINT",
    );
  }
  const reach = "check PROXMOX_URL, and that the node can be reached from here on port 8006";
  const what = error.code === "unauthorized" ? `PVE refuses the token ${tokenId}` : "PVE does not answer";
  return blocks("pve", `${what}: ${error.message}`, why, remedy ?? reach);
}

/** What all checks of PVE rest on, asked once. */
export async function look(
  patient: Patient,
  generation: Generation,
): Promise<{ readonly site: Site; readonly findings: readonly Finding[] }> {
  const { pve, signal, config } = patient;
  const [permissions, guests] = [await attempt(pve.permissions(signal)), await attempt(pve.resources(signal))];
  const findings: Finding[] = [];
  const again = "mend that first, and call doctor again";
  if (!permissions.ok) findings.push(unread("privileges", "the token's privileges", permissions.error, again));
  if (!guests.ok) findings.push(unread("template", "the guests of the cluster", guests.error, again));
  const seen = guests.ok ? guests.value : null;
  const marked = await markedTemplates(patient, seen ?? []);
  const sights: Sight[] = [];
  for (const pool of config.pools) {
    for (const node of pool.guest.nodes) sights.push(await sightOf(patient, pool, node, seen ?? [], marked));
  }
  return { site: { generation, acl: permissions.ok ? permissions.value : null, guests: seen, sights }, findings };
}

async function sightOf(
  { pve, signal }: Patient,
  pool: RunnerPool,
  node: NodeName,
  guests: readonly GuestSummary[],
  marked: readonly Marked[],
): Promise<Sight> {
  const meant = meantBy(pool.guest, node, guests, marked);
  if (meant.kind === "none") {
    const family = marked.some(({ marker }) => isNamed(pool.guest, marker.family));
    return { pool, node, template: null, values: null, ...(family ? { unpromoted: meant.why } : {}) };
  }
  const template = meant.vmid;
  const read = await attempt(pve.config(node, template, signal));
  return { pool, node, template, values: read.ok ? read.value.values : null };
}

const isNamed = ({ template }: RunnerPool["guest"], family: string): boolean =>
  template.kind === "name" && template.name === family;

/** PVE's own pools that guests are to be made in. */
export const checkResourcePools: SiteCheck = async ({ config, pve, signal }) => {
  const findings: Finding[] = [];
  const names = config.pools.flatMap(({ guest }) => (guest.resourcePool === null ? [] : [guest.resourcePool]));
  for (const name of distinct(names)) {
    const read = await attempt(pve.poolMembers(name, signal));
    if (read.ok) findings.push(good("resource pool", `resource pool ${name} exists, with ${read.value.size} guests`));
    else if (/does not exist/.test(read.error.message)) {
      const why = "clones are made in it: without it every launch fails";
      findings.push(blocks("resource pool", `resource pool ${name} does not exist`, why, `pveum pool add ${name}`));
    } else
      findings.push(unread("resource pool", `resource pool ${name}`, read.error, `grant Pool.Audit on /pool/${name}`));
  }
  return findings;
};

/** VMIDs of each pool's range that are left. Guests that the token cannot see are found by asking for single VMIDs. */
export const checkVmids: SiteCheck = async ({ config, pve, signal }, { guests }) => {
  const findings: Finding[] = [];
  for (const { name, guest, max } of config.pools) {
    const range = `the VMIDs ${spellRange(guest.range)} of pool ${name}`;
    const taken = new Set((guests ?? []).map(({ vmid }) => vmid));
    const free = [...candidates(guest.range, taken)];
    const asked = free.slice(0, asksPerPool);
    const hidden: number[] = [];
    let failure: DispatcherError | null = null;
    for (const vmid of asked) {
      const read = await attempt(pve.nextId(vmid, signal));
      if (!read.ok) {
        failure = read.error;
        break;
      }
      if (read.value === "used") hidden.push(vmid);
    }
    if (failure !== null) {
      findings.push(unread("vmids", range, failure, "mend that first, and call doctor again"));
      continue;
    }
    const left = free.length - hidden.length;
    const foreign = hidden.length === 0 ? "" : ` (${hidden.join(", ")} belong to guests that the token cannot see)`;
    const why = `the pool may have ${max} guests, and each needs a VMID`;
    const remedy =
      "widen the range (RUNNER_ID_START, RUNNER_ID_END, or vmids in dispatcher.yaml), or remove what is in it";
    if (left === 0) findings.push(blocks("vmids", `none of ${range} is free${foreign}`, why, remedy));
    else if (left < max) findings.push(warns("vmids", `only ${left} of ${range} are free${foreign}`, why, remedy));
    else findings.push(good("vmids", `${left} of ${range} are free${foreign}`));
  }
  return findings;
};

/** Each is a call: enough to notice a range that others use. */
const asksPerPool = 20;
