import * as names from "../../config/names.ts";
import { bad, chain, each, good, type Reader } from "../../config/read.ts";
import { commaList, oneOf, quote } from "../../config/readers.ts";
import type { Door, Place } from "./answers.ts";
import { askBuilding, asPublished } from "./ask-building.ts";
import type { Interview } from "./interview.ts";
import { isTemplateOf, type SiteFacts } from "./site.ts";

/** What is built where there is no template. */
const family = "debian-13";

/** Where guests are made. Without facts, since PVE could not be asked, what has no answer is no problem yet. */
export async function askPlace(
  interview: Interview,
  door: Door | null,
  facts: SiteFacts | null,
): Promise<Place | null> {
  const unknown = facts === null ? "unknown" : null;
  const templates = facts?.templates ?? [];
  const nodes = await interview.ask({
    key: "nodes",
    what: "nodes that guests run on (commas between them)",
    reader: several(choice("node", facts?.nodes, names.nodeName)),
    fallback: templates[0]?.node ?? facts?.nodes[0] ?? unknown,
    found: facts?.nodes ?? [],
  });
  const near = templates.filter(({ node }) => nodes?.some((one) => one === node) ?? true);
  const template = await interview.ask({
    key: "template",
    what: "the template or template family that guests are cloned from",
    reader: (text) => chain(names.template(text), () => good(text)),
    fallback: near[0]?.name ?? family,
    found: [...new Set(near.map(({ name }) => name))],
  });
  const isThere = template !== null && near.some(isTemplateOf(template));
  const builds =
    isThere || facts === null
      ? "is there"
      : await interview.ask({
          key: "build_template",
          what: `there is no template ${template}: build it now (\`dispatcher template build ${template}\`)`,
          reader: oneOf(["yes", "no"]),
          fallback: "no",
        });
  const source = builds === "yes" ? await askBuilding(interview) : asPublished;
  const bridge = await interview.ask({
    key: "bridge",
    what: "the guests' bridge, or template for the one that the template has",
    reader: choice("bridge", facts === null ? undefined : ["template", ...facts.bridges], (text) => good(text)),
    fallback: "template",
    found: facts?.bridges ?? [],
  });
  const seedStorage = await interview.ask({
    key: "seed_storage",
    what: door?.setsUp === true ? "the storage for seeds alone, made where there is none" : "the storage for seeds",
    reader:
      door?.setsUp === true ? names.storageName : choice("storage for ISO images", isoOf(facts), names.storageName),
    fallback: door?.setsUp === true ? "seeds" : (isoOf(facts)?.[0] ?? unknown),
    found: isoOf(facts) ?? [],
  });
  const seedPath = await interview.ask({
    key: "seed_path",
    what: "its folder on each node",
    reader: (text) => (text.startsWith("/") ? good(text) : bad(`${quote(text)} does not begin with /`)),
    fallback: "/var/lib/vz-seeds",
  });
  const resourcePool = await interview.ask({
    key: "resource_pool",
    what: "PVE's resource pool for the guests",
    reader: names.resourcePoolName,
    fallback: "runners",
    found: facts?.resourcePools ?? [],
  });
  const vmids = await interview.ask({
    key: "vmids",
    what: "VMIDs for dispatcher alone",
    reader: (text) =>
      /^\d+-\d+$/.test(text) ? good(text) : bad(`${quote(text)} is no range; write for example 200-299`),
    fallback: facts?.range ?? "200-299",
  });
  const agent = await interview.ask({
    key: "guest_agent",
    what: "may dispatcher ask guests what they do (on PVE 8 this right allows commands as root in them)",
    reader: oneOf(["yes", "no"]),
    fallback: facts?.generation === 8 ? "no" : "yes",
  });
  if (nodes === null || template === null || builds === null || bridge === null || seedStorage === null) return null;
  if (source === null || seedPath === null || resourcePool === null || vmids === null || agent === null) return null;
  return {
    nodes,
    template,
    builds,
    bridge: bridge === "template" ? null : bridge,
    fallbackBridge: facts?.bridges[0] ?? "vmbr0",
    building: {
      disks: holding(facts, "images")[0] ?? "local-lvm",
      imports: holding(facts, "import")[0] ?? "local",
      source,
    },
    seedStorage,
    seedPath,
    resourcePool,
    vmids,
    guestAgent: agent === "yes",
  };
}

const isoOf = (facts: SiteFacts | null): readonly string[] | undefined =>
  facts === null ? undefined : holding(facts, "iso");

const holding = (facts: SiteFacts | null, content: string): readonly string[] => [
  ...new Set((facts?.storages ?? []).filter((storage) => storage.content.includes(content)).map(({ name }) => name)),
];

/** One of what was found. Where nothing could be looked at, its form alone counts. */
const choice =
  <T>(what: string, found: readonly string[] | undefined, form: Reader<T>): Reader<T> =>
  (text) =>
    found === undefined || found.includes(text)
      ? form(text)
      : bad(`there is no ${what} ${quote(text)}; there are ${found.join(", ") || "none"}`);

export const several =
  <T>(one: Reader<T>): Reader<readonly T[]> =>
  (text) =>
    commaList(text).length === 0 ? bad("names none; name at least one") : each(commaList(text).map(one));
