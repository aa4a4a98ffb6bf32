/** PVE's major version: in 9 the guest agent has privileges of its own. */
export type Generation = 8 | 9;

export interface Extras {
  readonly snapshots: boolean;
  /** Larger disks than the template's. */
  readonly disk: boolean;
  /** What a guest says that it does, and whether a silent one still answers; on PVE 8 this also allows commands as root inside the guests. */
  readonly agent: boolean;
  /** The secret is written through the guest agent, which is the right to write any file in the guests. With `agent` only. */
  readonly delivery: boolean;
}

/** What a role is granted on. */
export type Target = "template" | "pool" | "disks" | "seeds" | "node" | "bridge";

export interface RoleNeed {
  readonly role: string;
  readonly target: Target;
  readonly privileges: readonly PrivilegeNeed[];
}

interface PrivilegeNeed {
  readonly name: string;
  /** Without a useful one an ability is lost, and everything else works. That of an extra is required where it is used. */
  readonly need: "required" | "useful";
  /** Left out: every generation. */
  readonly generation?: Generation;
  /** Left out: always granted. */
  readonly extra?: keyof Extras;
}

const required = (...names: readonly string[]): readonly PrivilegeNeed[] =>
  names.map((name) => ({ name, need: "required" }));
const useful = (name: string, when: Pick<PrivilegeNeed, "generation" | "extra"> = {}): PrivilegeNeed => ({
  name,
  need: "useful",
  ...when,
});

/** Everything that dispatcher's token may be granted, role by role. */
export const roleNeeds: readonly RoleNeed[] = [
  { role: "DispatcherTemplate", target: "template", privileges: required("VM.Audit", "VM.Clone") },
  {
    role: "DispatcherGuests",
    target: "pool",
    privileges: [
      ...required("VM.Allocate", "VM.Audit", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit"),
      ...required("VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.PowerMgmt", "Pool.Audit"),
      { name: "VM.Config.Disk", need: "required", extra: "disk" },
      useful("VM.Snapshot", { extra: "snapshots" }),
      useful("VM.Monitor", { extra: "agent", generation: 8 }),
      useful("VM.GuestAgent.Audit", { extra: "agent", generation: 9 }),
      useful("VM.GuestAgent.FileRead", { extra: "agent", generation: 9 }),
      { name: "VM.GuestAgent.FileWrite", need: "required", extra: "delivery", generation: 9 },
    ],
  },
  { role: "DispatcherDisks", target: "disks", privileges: required("Datastore.AllocateSpace") },
  {
    role: "DispatcherSeeds",
    target: "seeds",
    privileges: [useful("Datastore.Allocate"), ...required("Datastore.AllocateTemplate", "Datastore.Audit")],
  },
  { role: "DispatcherNode", target: "node", privileges: [useful("Sys.Audit")] },
  { role: "DispatcherNetwork", target: "bridge", privileges: required("SDN.Use") },
];

export const privilegesOf = (need: RoleNeed, generation: Generation, extras: Extras): readonly string[] =>
  need.privileges
    .filter((one) => one.generation === undefined || one.generation === generation)
    .filter((one) => one.extra === undefined || extras[one.extra])
    .map(({ name }) => name);
