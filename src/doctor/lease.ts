import type { Vmid } from "../domain/ids.ts";
import { readLease } from "../domain/lease.ts";
import type { RunnerPool } from "../domain/pool.ts";
import { leaseVmid } from "../domain/vmids.ts";
import type { Patient, Site, SiteCheck } from "./examined.ts";
import { attempt, blocks, type Finding, good, unread } from "./finding.ts";

/** The last VMID of each range is kept for the guest that carries its lease. */
export const checkLeases: SiteCheck = (patient, site) =>
  Promise.all(patient.config.pools.map((pool) => checkLease(patient, site, pool)));

async function checkLease({ config, pve, signal }: Patient, { guests }: Site, pool: RunnerPool): Promise<Finding> {
  const vmid = leaseVmid(pool.guest.range);
  const what = `VMID ${vmid}, which is kept for the lease of pool ${pool.name}`;
  const guest = guests?.find((one) => one.vmid === vmid);
  if (guest === undefined) {
    const read = await attempt(pve.nextId(vmid, signal));
    if (!read.ok) return unread("lease", what, read.error, "mend that first, and call doctor again");
    return read.value === "free"
      ? good("lease", `${what}, is free: the first start makes it`)
      : taken(what, "a guest that the token cannot see", vmid);
  }
  const read = await attempt(pve.config(guest.node, vmid, signal));
  if (!read.ok) return unread("lease", what, read.error, `grant VM.Audit on /vms/${vmid}`);
  const { description = "" } = read.value.values;
  // Whether the signature is ours, only the daemon can tell, which has the key.
  const lease = readLease(description, vmid, { sign: () => "", verify: () => true });
  if (lease.kind !== "valid") return taken(what, `guest ${guest.name ?? vmid}`, vmid);
  const { instance, holder, released } = lease.lease;
  if (instance !== config.instance) return taken(what, `the lease of instance ${instance}`, vmid);
  return good("lease", `${what}, carries it: ${released ? "nobody holds it" : `last held by ${holder}`}`);
}

const taken = (what: string, by: string, vmid: Vmid): Finding =>
  blocks(
    "lease",
    `${what}, holds ${by}`,
    "without the lease nothing is changed, so that two dispatchers never work on one range",
    `give the pool another range (RUNNER_ID_START, RUNNER_ID_END, or vmids in dispatcher.yaml), or remove guest ${vmid} if it is not needed`,
  );
