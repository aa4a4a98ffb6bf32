import { makeVolume } from "../../src/emulator/pve/disks.ts";
import type { PveSpec } from "../../src/emulator/pve/spec.ts";
import type { PveState } from "../../src/emulator/pve/state.ts";
import { secret } from "./recorded-world.ts";

const dispatcher = "dispatcher@pve";
const options = "VM.Config.CDROM,VM.Config.CPU,VM.Config.Memory,VM.Config.Network,VM.Config.Options";

/** What was set up by hand before the flows: pools, a storage for seeds, and users with the least roles for each. */
export function setUpFlows(state: PveState): void {
  const { spec } = state;
  const nine = spec.generation === "9.2";
  const agent = nine ? "VM.GuestAgent.Audit,VM.GuestAgent.FileRead,VM.GuestAgent.FileWrite" : "VM.Monitor";
  const [model] = spec.storages;
  if (spec.access === null || model === undefined) throw new Error("the recorded world has no access lists");
  spec.resourcePools.push("exp", "runners");
  spec.storages.push({ ...model, name: "seeds", content: ["iso"], snippetsFolder: null });
  spec.access.users.push({ userid: dispatcher, enable: 1, tokens: [{ tokenid: "main", privsep: 0 }] });
  spec.access.users.push({ userid: "exp@pve", enable: 1, tokens: [] });
  spec.access.users.push({ userid: "tick@pve", enable: 1, tokens: [] });
  const allow = (ugid: string, path: string, privs: string, propagate: 0 | 1 = 0): void => {
    const roleid = `role-of-${ugid}-${path}`;
    spec.access?.roles.push({ roleid, privs });
    spec.access?.acl.push({ path, ugid, type: ugid.includes("!") ? "token" : "user", roleid, propagate });
  };
  allow(dispatcher, "/pool/runners", `VM.Allocate,VM.Audit,${options},VM.PowerMgmt,${agent}`, 1);
  allow(dispatcher, "/vms/9000", "VM.Audit,VM.Clone");
  allow(dispatcher, "/storage/lab", "Datastore.AllocateSpace,Datastore.Audit");
  allow(dispatcher, "/storage/seeds", "Datastore.Allocate,Datastore.AllocateTemplate,Datastore.Audit");
  allow(dispatcher, "/nodes/pve1", "Sys.Audit");
  allow(dispatcher, "/sdn/zones/localnetwork/vmbr0", "SDN.Use");
  makeVolume(state, {
    storage: "lab",
    name: "vztmpl/e5-min.tar.gz",
    size: 1024,
    content: "vztmpl",
    owner: null,
    origin: "foreign",
    bare: true,
  });
  spec.durations.cleanup = 28_000;
  spec.tokens.push(tokenOf(`${dispatcher}!main`));
  for (const [name, privileges] of Object.entries(tried)) {
    spec.tokens.push(tokenOf(`exp@pve!${name}`));
    allow(`exp@pve!${name}`, "/", privileges, 1);
  }
  allow("tick@pve", "/", "VM.Console", 1);
  allow("exp@pve", "/", [...new Set(Object.values(tried).flatMap((privileges) => privileges.split(",")))].join(","), 1);
}

const tokenOf = (id: string): PveSpec["tokens"][number] => ({
  id,
  secret,
  privileges: "acl",
  confined: false,
  deletesVolumes: true,
});

/** One token for each set of privileges that was tried. */
const tried = {
  e1cd: "VM.Config.CDROM",
  e1cda: "VM.Config.CDROM,Datastore.Audit",
  e1tpl: "Datastore.Audit,Datastore.AllocateTemplate",
  e1sp: "Datastore.Audit,Datastore.AllocateTemplate,Datastore.AllocateSpace",
  e1alloc: "Datastore.Audit,Datastore.AllocateTemplate,Datastore.Allocate",
  e3m: "VM.Monitor",
  e3aud: "VM.Audit",
  e3a: "VM.GuestAgent.Audit",
  e3r: "VM.GuestAgent.FileRead",
  e3w: "VM.GuestAgent.FileWrite",
  e3u: "VM.GuestAgent.Unrestricted",
  e5aud: "VM.Audit",
  e5c: "VM.Console",
  e5o: "VM.Audit,VM.Config.Options",
  e9: "VM.Audit,VM.Config.Options",
} as const;
