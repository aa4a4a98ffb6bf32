import { DispatcherError } from "../domain/errors.ts";
import type { Vmid } from "../domain/ids.ts";
import type { GuestSpec } from "../domain/pool.ts";
import type { GuestSummary } from "../proxmox/client.ts";
import { cloudInitSlot } from "../proxmox/drives.ts";
import { grantedOn } from "./acl.ts";
import type { Sight, Site, SiteCheck } from "./examined.ts";
import { blocks, type Finding, good, unread, warns } from "./finding.ts";
import { hiddenTemplates } from "./places.ts";
import { agentEnabled, bootsFromDisk, rootOnlyOptions } from "./template-options.ts";

const isMeant = ({ template }: GuestSpec, guest: GuestSummary): boolean =>
  template.kind === "vmid" ? guest.vmid === template.vmid : guest.name === template.name;

/** Each pool's template on each of its nodes. */
export const checkTemplates: SiteCheck = async (_patient, site) => {
  const findings = new Map<string, readonly Finding[]>();
  for (const sight of site.sights) {
    const { pool, node, template } = sight;
    const found = template === null ? [absence(sight, site)] : defects(sight, template);
    findings.set(`${template ?? pool.name} ${node}`, found);
  }
  return [...findings.values()].flat();
};

function absence({ pool, node, unpromoted }: Sight, { guests, acl }: Site): Finding {
  if (unpromoted !== undefined) {
    const [what = "", remedy = ""] = unpromoted.split(": ");
    return blocks("template", what, "the pool can have no guests on that node", remedy);
  }
  const { template } = pool.guest;
  const which = template.kind === "vmid" ? `${template.vmid}` : JSON.stringify(template.name);
  const what = `template ${which} of pool ${pool.name} is not on node ${node}`;
  const why = "the pool can have no guests on that node";
  if (guests === null) {
    const error = new DispatcherError("unavailable", "the guests of the cluster cannot be listed");
    return unread("template", what, error, "mend what keeps PVE from listing guests, and call doctor again");
  }
  const other = guests.find((guest) => isMeant(pool.guest, guest));
  if (other?.node === node)
    return blocks("template", `${what}: guest ${other.vmid} is not a template`, why, `qm template ${other.vmid}`);
  if (other !== undefined) {
    const remedy = `build it on ${node} too and name it the same there (RUNNER_TEMPLATE by name), or take ${node} out of the pool's nodes`;
    return blocks("template", `${what}: it is on ${other.node}`, why, remedy);
  }
  const [hidden] =
    acl === null ? [] : hiddenTemplates(pool.guest, acl).filter((path) => !grantedOn(acl, path).has("VM.Audit"));
  if (hidden !== undefined) {
    const error = new DispatcherError("forbidden", `without VM.Audit on ${hidden} it is in no list`);
    return unread("template", `template ${which} on node ${node}`, error, `grant VM.Audit on ${hidden}`);
  }
  const remedy = `build it on ${node} (qm template VMID), name another, or grant VM.Audit and VM.Clone on /vms/VMID of it`;
  return blocks("template", what, why, remedy);
}

function defects({ pool, node, values }: Sight, template: Vmid): readonly Finding[] {
  const name = `template ${template} on node ${node}`;
  if (values === null) {
    const error = new DispatcherError("forbidden", "its options cannot be read");
    return [unread("template", name, error, `grant VM.Audit on /vms/${template}`)];
  }
  const found: Finding[] = [];
  if (cloudInitSlot(values) === null) {
    const why = "a seed takes the place of that drive: without one a clone never learns that it is a runner";
    found.push(
      blocks("template", `${name} has no cloud-init drive`, why, `qm set ${template} --ide2 STORAGE:cloudinit`),
    );
  }
  if (!bootsFromDisk(values)) {
    const why = "its clones would not start their system";
    found.push(
      blocks("template", `${name} has no disk in its boot order`, why, `qm set ${template} --boot order=scsi0`),
    );
  }
  for (const option of rootOnlyOptions(values)) {
    const why = option.startsWith("hostpci")
      ? "no token may use a device of the host that is not mapped: clones cannot be made or started"
      : "only root may give a guest that option, so a token cannot work with clones that inherit it";
    const remedy = option.startsWith("hostpci")
      ? `map the device (Datacenter, Resource Mappings), then qm set ${template} --${option} mapping=NAME`
      : `qm set ${template} --delete ${option}`;
    found.push(blocks("template", `${name} has the option ${option}`, why, remedy));
  }
  if (values.lock !== undefined) {
    const why = "nothing can be cloned from it until then";
    found.push(
      warns(
        "template",
        `${name} is locked (${values.lock})`,
        why,
        `wait until that is over; if it is stale, qm unlock ${template}`,
      ),
    );
  }
  if (!agentEnabled(values)) {
    const byAgent = pool.delivery.kind === "agent";
    const why = byAgent
      ? "its guests get their secret through the agent: none of them ever would"
      : "a guest whose runner never came online cannot be asked whether it still lives";
    const level = byAgent ? blocks : warns;
    found.push(
      level("template", `${name} has the guest agent switched off`, why, `qm set ${template} --agent enabled=1`),
    );
  }
  if (found.length > 0) return found;
  const cleared = ["protection", "onboot"].filter((option) => values[option] === "1");
  const note = cleared.length === 0 ? "" : `; ${cleared.join(" and ")} it hands down, and each clone is cleared of it`;
  return [good("template", `${name}, for pool ${pool.name}: cloud-init drive, boot disk and agent are there${note}`)];
}
