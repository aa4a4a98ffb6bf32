import { hasCode } from "../domain/errors.ts";
import type { InstanceName, NodeName } from "../domain/ids.ts";
import { type LeaseSeen, readLease, withLease } from "../domain/lease.ts";
import type { GuestSpec } from "../domain/pool.ts";
import type { Signer } from "../domain/signed-line.ts";
import { MINUTE } from "../domain/time.ts";
import { leaseVmid, spellRange } from "../domain/vmids.ts";
import type { LeaseRecord } from "../engine/lease.ts";
import type { GuestConfig, ProxmoxClient } from "./client.ts";
import type { Tasks } from "./tasks.ts";

export interface LeaseGuestOptions {
  readonly client: ProxmoxClient;
  readonly tasks: Tasks;
  readonly spec: GuestSpec;
  readonly instance: InstanceName;
  readonly signer: Signer;
}

/**
 * A lease in the description of a guest without disks, at the last VMID of a pool's range: `PUT config` with the digest
 * is a true compare-and-set there, and of several creations of one VMID one wins.
 */
export function createLeaseGuest({ client, tasks, spec, instance, signer }: LeaseGuestOptions): LeaseRecord {
  const vmid = leaseVmid(spec.range);
  let home: NodeName | null = null;
  let seen: GuestConfig | null = null;

  /** Null where it is not, or is hidden from our token. */
  const readAt = async (node: NodeName, signal: AbortSignal): Promise<GuestConfig | null> => {
    try {
      return await client.config(node, vmid, signal);
    } catch (error) {
      if (hasCode(error, "not_found", "forbidden")) return null;
      throw error;
    }
  };

  return {
    name: `the lease of VMIDs ${spellRange(spec.range)} (guest ${vmid})`,

    async read(signal) {
      // Whatever went wrong there, it may have moved: the next look asks the cluster.
      const before = home;
      home = null;
      seen = before === null ? null : await readAt(before, signal);
      if (seen !== null) home = before;
      if (seen !== null) return leaseIn(seen);
      home = (await client.resources(signal)).find((guest) => guest.vmid === vmid)?.node ?? null;
      seen = home === null ? null : await readAt(home, signal);
      return seen === null ? unseen(signal) : leaseIn(seen);
    },

    async create(lease, signal) {
      const node = await openNode(signal);
      try {
        const upid = await client.createGuest(
          node,
          {
            vmid,
            name: `${spec.prefix}-lease`,
            description: withLease("", lease, vmid, signer),
            pool: spec.resourcePool,
          },
          signal,
        );
        await tasks.finish(upid, `create guest ${vmid}, which carries the lease`, { deadline: MINUTE, signal });
        // The cluster's list shows it late.
        home = node;
        return true;
      } catch (error) {
        if (hasCode(error, "already_exists")) return false;
        throw error;
      }
    },

    async replace(lease, signal) {
      if (seen === null || home === null) return false;
      const description = withLease(seen.values.description ?? "", lease, vmid, signer);
      try {
        await client.putConfig(home, vmid, { set: { description }, digest: seen.digest }, signal);
        return true;
      } catch (error) {
        if (hasCode(error, "conflict")) return false;
        throw error;
      }
    },
  };

  /** Only `nextid` sees guests that are hidden from our token. */
  async function unseen(signal: AbortSignal): Promise<LeaseSeen> {
    if ((await client.nextId(vmid, signal)) === "free") return { kind: "absent" };
    return blocked("a guest that our token cannot see");
  }

  function leaseIn({ values }: GuestConfig): LeaseSeen {
    const read = readLease(values.description ?? "", vmid, signer);
    if (read.kind === "none") return blocked(`guest ${values.name ?? vmid}`);
    if (read.kind === "forged") return blocked(`a lease that another key has signed (instance ${read.instance})`);
    if (read.lease.instance !== instance) return blocked(`the lease of instance ${read.lease.instance}`);
    return { kind: "written", lease: read.lease };
  }

  function blocked(what: string): LeaseSeen {
    const why = `VMID ${vmid}, which is kept for the lease, holds ${what}; give the pool another range, or remove that guest`;
    return { kind: "blocked", why };
  }

  async function openNode(signal: AbortSignal): Promise<NodeName> {
    const online = new Set((await client.nodes(signal)).filter((node) => node.online).map((node) => node.name));
    return spec.nodes.find((node) => online.has(node)) ?? (spec.nodes[0] as NodeName);
  }
}
