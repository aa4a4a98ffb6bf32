import type { RunnerPool } from "../domain/pool.ts";

export type Generation = 8 | 9;

/** On what a privilege is needed; which paths these are depends on the pool and its template. */
export type Place = "template" | "guests" | "resource pool" | "disks" | "seeds" | "node" | "bridge";

export interface Need {
  readonly place: Place;
  /** Any one of them is enough; the first is the least. */
  readonly anyOf: readonly string[];
  /** `required`: no guest can be launched, or none removed. `useful`: exactly one ability is lost. */
  readonly level: "required" | "useful";
  /** What is lost without it. */
  readonly loses: string;
  readonly on?: Generation;
  readonly when?: (pool: RunnerPool) => boolean;
}

const required = (place: Place, privilege: string | readonly string[], loses: string, when?: Need["when"]): Need => ({
  place,
  anyOf: typeof privilege === "string" ? [privilege] : privilege,
  level: "required",
  loses,
  ...(when === undefined ? {} : { when }),
});

const useful = (place: Place, anyOf: readonly string[], loses: string, more: Pick<Need, "on" | "when"> = {}): Need => ({
  place,
  anyOf,
  level: "useful",
  loses,
  ...more,
});

const byIso = ({ delivery }: RunnerPool): boolean => delivery.kind === "iso";
const bySeed = ({ delivery }: RunnerPool): boolean => delivery.kind !== "agent";
const byAgent = ({ delivery }: RunnerPool): boolean => delivery.kind === "agent";
const written = "the secret is delivered through the guest agent, and cannot be written: no runner ever comes";
const waits = "a guest cannot be asked whether it waits for its secret, so it never gets it and is removed again";
const answer =
  "a guest whose runner never came online cannot be asked whether it still lives: where GitHub cannot prove " +
  "that no job runs there, it stays for a day instead of being stopped after its boot timeout";
const word =
  "a guest cannot be asked whether it has a job: idle runners take four minutes instead of two to retire, and where GitHub " +
  "cannot prove that no job runs there, a guest that hangs stays for a day or until its hard lifetime";

/** Every privilege that dispatcher uses, and what it is for. */
export const needs: readonly Need[] = [
  required("template", "VM.Audit", "the template cannot be found, nor its drives read"),
  required("template", "VM.Clone", "no guest can be cloned"),
  required("guests", "VM.Allocate", "neither the lease nor a clone can be made, and none destroyed"),
  required("guests", "VM.Audit", "dispatcher does not see its own guests, so they pile up"),
  required(
    "guests",
    "VM.Config.Options",
    "the lease cannot be written nor a clone marked as ours, so nothing is launched",
  ),
  required("guests", "VM.Config.CDROM", "a guest cannot be given its seed, so its launch fails", bySeed),
  required("guests", "VM.Config.Cloudinit", "the seed cannot take the place of the cloud-init drive", bySeed),
  required(
    "guests",
    "VM.Config.CPU",
    "cores are configured, and cannot be set",
    (p) => p.guest.hardware.cores !== null,
  ),
  required(
    "guests",
    "VM.Config.Memory",
    "memory is configured, and cannot be set",
    (p) => p.guest.hardware.memoryMiB !== null,
  ),
  required(
    "guests",
    "VM.Config.Network",
    "a network is configured, and cannot be set",
    (p) => p.guest.hardware.network !== null,
  ),
  required(
    "guests",
    "VM.Config.Disk",
    "a disk size is configured, and disks cannot be grown",
    (p) => p.guest.hardware.diskGiB !== null,
  ),
  required("guests", "VM.PowerMgmt", "no guest can be started or stopped"),
  required(
    "resource pool",
    "Pool.Audit",
    "nobody can prove that a guest is in our resource pool, so none is touched",
    (p) => p.guest.resourcePool !== null,
  ),
  required("disks", "Datastore.AllocateSpace", "a clone gets no disks"),
  required("seeds", "Datastore.AllocateTemplate", "no seed can be uploaded", byIso),
  required(
    "seeds",
    ["Datastore.Audit", "Datastore.AllocateSpace"],
    "seeds can be neither listed nor attached, so nothing is decided",
    byIso,
  ),
  required("bridge", "SDN.Use", "no guest can be put on its network"),
  useful(
    "seeds",
    ["Datastore.Allocate"],
    "seeds cannot be deleted: a blank of 32 KiB is left for each VMID and overwritten by its next guest",
    { when: byIso },
  ),
  useful(
    "node",
    ["Sys.Audit"],
    "the node's free memory and load are not known: placement goes by the number of guests alone",
  ),
  { ...required("guests", "VM.Monitor", `${waits}; ${written}`, byAgent), on: 8 },
  { ...required("guests", ["VM.GuestAgent.FileRead", "VM.GuestAgent.Unrestricted"], waits, byAgent), on: 9 },
  { ...required("guests", ["VM.GuestAgent.FileWrite", "VM.GuestAgent.Unrestricted"], written, byAgent), on: 9 },
  useful("guests", ["VM.Monitor"], `${word}; ${answer}`, { on: 8, when: bySeed }),
  useful("guests", ["VM.GuestAgent.FileRead", "VM.GuestAgent.Unrestricted"], word, { on: 9, when: bySeed }),
  useful("guests", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], answer, { on: 9 }),
];
