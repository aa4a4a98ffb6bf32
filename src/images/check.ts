import { DispatcherError } from "../domain/errors.ts";
import type { StorageName } from "../domain/ids.ts";
import { overlap, spellRange } from "../domain/vmids.ts";
import { parseProperties, propertyOf } from "../proxmox/property-string.ts";
import type { BuildOrder } from "./order.ts";
import type { Workshop } from "./workshop.ts";

export interface Problem {
  readonly what: string;
  readonly remedy: string;
}

interface Wanted {
  readonly path: string;
  /** Any one of each. */
  readonly privileges: readonly (readonly string[])[];
  readonly why: string;
}

/** Everything that would keep a build from its end, all at once, before anything is changed. */
export async function checkBuild(shop: Workshop, order: BuildOrder, signal: AbortSignal): Promise<readonly Problem[]> {
  const { generation } = await shop.client.version(signal);
  const problems = [...rangeProblems(order), ...(await storageProblems(shop, order, signal))];
  for (const { path, privileges, why } of wantedFor(order, generation)) {
    const granted = await shop.client.privilegesAt(path, signal);
    const missing = privileges.filter((anyOf) => !anyOf.some((privilege) => granted.has(privilege)));
    if (missing.length === 0) continue;
    const names = missing.map((anyOf) => anyOf.join(" or ")).join(", ");
    problems.push({ what: `${names} is missing on ${path}: ${why}`, remedy: grantOf(path, missing, shop.tokenId) });
  }
  return [...problems, ...(await networkProblems(shop, order, signal))];
}

function rangeProblems({ range }: BuildOrder): readonly Problem[] {
  const shared = range.runners.filter((runners) => overlap(runners, range.templates));
  return shared.map((runners) => ({
    what: `the templates' VMIDs ${spellRange(range.templates)} overlap with ${spellRange(runners)}, which are a pool's`,
    remedy: "give templates a range of their own (TEMPLATE_ID_START and TEMPLATE_ID_END, or --vmids)",
  }));
}

async function storageProblems(shop: Workshop, order: BuildOrder, signal: AbortSignal): Promise<readonly Problem[]> {
  const { disks, imports, seeds } = order.storages;
  const found = await shop.client.storages(order.node, signal);
  const lacking = (name: StorageName, content: string, what: string): readonly Problem[] => {
    const storage = found.find((one) => one.name === name);
    if (storage === undefined) {
      const what = `node ${order.node} has no storage ${name}, or the token may not see it`;
      return [
        { what, remedy: `name another, or grant Datastore.Audit and Datastore.AllocateSpace on /storage/${name}` },
      ];
    }
    if (storage.content.includes(content)) return [];
    const contents = [...storage.content, content].join(",");
    const note = content === "import" ? " (PVE 8.4 and newer)" : "";
    return [{ what: `storage ${name} takes no ${what}`, remedy: `pvesm set ${name} --content ${contents}${note}` }];
  };
  return [
    ...lacking(disks, "images", "disks"),
    ...lacking(imports, "import", "images to import"),
    ...lacking(seeds, "iso", "seeds"),
  ];
}

function wantedFor(order: BuildOrder, generation: 8 | 9 | null): readonly Wanted[] {
  const { disks, imports, seeds } = order.storages;
  const agent = generation === 8 ? ["VM.Monitor"] : ["VM.GuestAgent.FileRead", "VM.GuestAgent.Unrestricted"];
  const bridge = propertyOf(parseProperties(order.network), "bridge");
  const tag = propertyOf(parseProperties(order.network), "tag");
  const one = (...names: readonly string[]) => names.map((name) => [name]);
  const files = [
    ...one("Datastore.AllocateTemplate", "Datastore.Allocate"),
    ["Datastore.Audit", "Datastore.AllocateSpace"],
  ];
  return [
    {
      path: order.resourcePool === null ? `/vms/${order.range.templates.first}` : `/pool/${order.resourcePool}`,
      privileges: [
        ...one("VM.Allocate", "VM.Audit", "VM.PowerMgmt", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit"),
        ...one("VM.Config.Disk", "VM.Config.HWType", "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options"),
        agent,
      ],
      why: "the guest that becomes the template is made, started and read there",
    },
    { path: `/storage/${disks}`, privileges: one("Datastore.AllocateSpace"), why: "its disk lies there" },
    {
      path: `/storage/${imports}`,
      privileges: files,
      why: "the cloud image is laid down there and removed again",
    },
    {
      path: `/storage/${seeds}`,
      privileges: files,
      why: "its seed is laid down there and removed again",
    },
    ...(bridge === null
      ? []
      : [
          {
            path: `/sdn/zones/localnetwork/${bridge}${tag === null ? "" : `/${tag}`}`,
            privileges: one("SDN.Use"),
            why: "its network is there",
          },
        ]),
  ];
}

/** To let a node fetch something takes one privilege on the node, or two at the top. */
async function networkProblems(
  { client, tokenId }: Workshop,
  { image, node }: BuildOrder,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (image.kind !== "url") return [];
  const path = `/nodes/${node}`;
  if ((await client.privilegesAt(path, signal)).has("Sys.AccessNetwork")) return [];
  const top = await client.privilegesAt("/", signal);
  if (top.has("Sys.Audit") && top.has("Sys.Modify")) return [];
  const what = `Sys.AccessNetwork is missing on ${path}: the node downloads the cloud image`;
  return [{ what, remedy: `${grantOf(path, [["Sys.AccessNetwork"]], tokenId)}; or download it and give --image FILE` }];
}

function grantOf(path: string, missing: readonly (readonly string[])[], tokenId: string): string {
  const [user = tokenId] = tokenId.split("!", 1);
  const role = `DispatcherImages${path.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
  const privileges = missing.map(([first = ""]) => first).join(",");
  return `pveum role add ${role} --privs ${privileges}; pveum acl modify ${path} --roles ${role} --users ${user}`;
}

/** As one error, every problem a line. */
export function errorOfProblems(what: string, problems: readonly Problem[]): DispatcherError {
  const lines = problems.map(({ what, remedy }) => `  - ${what}; ${remedy}`);
  return new DispatcherError("invalid", `${what}:\n${lines.join("\n")}`);
}
