import type { PveSpec } from "./spec.ts";

type Generation = PveSpec["generation"];

const common = (
  "Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit Group.Allocate Mapping.Audit " +
  "Mapping.Modify Mapping.Use Permissions.Modify Pool.Allocate Pool.Audit Realm.Allocate Realm.AllocateUser SDN.Allocate " +
  "SDN.Audit SDN.Use Sys.AccessNetwork Sys.Audit Sys.Console Sys.Incoming Sys.Modify Sys.PowerMgmt Sys.Syslog User.Modify " +
  "VM.Allocate VM.Audit VM.Backup VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk " +
  "VM.Config.HWType VM.Config.Memory VM.Config.Network VM.Config.Options VM.Console VM.Migrate VM.PowerMgmt VM.Snapshot " +
  "VM.Snapshot.Rollback"
).split(" ");

const known = {
  "8.4": [...common, "VM.Monitor"],
  "9.2": [
    ...common,
    "VM.GuestAgent.Audit",
    "VM.GuestAgent.FileRead",
    "VM.GuestAgent.FileSystemMgmt",
    "VM.GuestAgent.FileWrite",
    "VM.GuestAgent.Unrestricted",
    "VM.Replicate",
  ],
} as const satisfies Record<Generation, readonly string[]>;

/** Every privilege that this PVE has. */
export const privilegesOfPve = (generation: Generation): readonly string[] => known[generation];

const rootOnly = /^(Permissions|Realm\.Allocate$|Sys\.(AccessNetwork|Incoming|Modify|PowerMgmt)|Mapping\.Modify)/;
const ofVmUser = /^VM\.(Audit|Backup|Config\.(CDROM|Cloudinit)|Console|PowerMgmt|GuestAgent\.(Audit|File\w+))$/;

const holds: Readonly<Record<string, (privilege: string) => boolean>> = {
  Administrator: () => true,
  NoAccess: () => false,
  PVEAdmin: (privilege) => !rootOnly.test(privilege),
  PVEAuditor: (privilege) => /\.Audit$/.test(privilege),
  PVEDatastoreAdmin: (privilege) => privilege.startsWith("Datastore."),
  PVEDatastoreUser: (privilege) => ["Datastore.AllocateSpace", "Datastore.Audit"].includes(privilege),
  PVEMappingAdmin: (privilege) => privilege.startsWith("Mapping."),
  PVEMappingUser: (privilege) => ["Mapping.Audit", "Mapping.Use"].includes(privilege),
  PVEPoolAdmin: (privilege) => privilege.startsWith("Pool."),
  PVEPoolUser: (privilege) => privilege === "Pool.Audit",
  PVESDNAdmin: (privilege) => privilege.startsWith("SDN."),
  PVESDNUser: (privilege) => ["SDN.Audit", "SDN.Use"].includes(privilege),
  PVESysAdmin: (privilege) => ["Sys.Audit", "Sys.Console", "Sys.Syslog"].includes(privilege),
  PVETemplateUser: (privilege) => ["VM.Audit", "VM.Clone"].includes(privilege),
  PVEUserAdmin: (privilege) => ["Group.Allocate", "Realm.AllocateUser", "User.Modify"].includes(privilege),
  PVEVMAdmin: (privilege) => privilege.startsWith("VM."),
  PVEVMUser: (privilege) => ofVmUser.test(privilege),
};

/** The roles that PVE brings with it and nobody can change. */
export const builtInRoles = (generation: Generation): { roleid: string; privs: string }[] =>
  Object.entries(holds).map(([roleid, has]) => ({ roleid, privs: known[generation].filter(has).sort().join(",") }));

export const isBuiltIn = (roleid: string): boolean => Object.hasOwn(holds, roleid);
