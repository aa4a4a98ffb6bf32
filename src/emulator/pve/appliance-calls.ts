import { makeVolume } from "./disks.ts";
import { storageId } from "./formats.ts";
import { demand } from "./permissions.ts";
import { badParameters } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { needContent, needStorage } from "./state.ts";

export const applianceCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/nodes/{node}/aplinfo",
    call: "appliances",
    answer: ({ state }) => ({ data: state.spec.appliances.map(described) }),
  },
  {
    method: "POST",
    path: "/nodes/{node}/aplinfo",
    call: "appliance.download",
    parameters: { storage: storageId, template: { type: "string", maxLength: 255 } },
    answer: download,
  },
];

/** As the list that each node keeps has it. */
function described(template: string): Record<string, string> {
  const [, os = "", version = "", arch = ""] = /^([a-z]+-\d+)-[a-z]+_([^_]+)_([^.]+)/.exec(template) ?? [];
  return {
    template,
    package: template.split("_")[0] ?? "",
    os,
    version,
    architecture: arch,
    section: "system",
    type: "lxc",
    headline: `${os} (standard)`,
    infopage: "https://pve.proxmox.com/wiki/Linux_Container",
    location: `http://download.proxmox.com/images/system/${template}`,
    source: "https://mirrors.example/images",
    manageurl: "",
    maintainer: "",
    description: "A small system.",
    sha512sum: "0".repeat(128),
  };
}

function download({ state, token, node, values, note }: Call): Answer {
  const storage = needStorage(state, values.text("storage") ?? "");
  demand(state, token, `/storage/${storage.name}`, "Datastore.AllocateTemplate");
  const template = values.text("template") ?? "";
  if (!state.spec.appliances.includes(template)) throw badParameters({ template: `no such template` });
  needContent(storage, "vztmpl");
  const name = `vztmpl/${template}`;
  note.volume = `${storage.name}:${name}`;
  const task = state.tasks.start({ node, type: "download", id: "", token: token.id }, async (job) => {
    job.log(`downloading http://download.proxmox.com/images/system/${template}`);
    await job.pass(state.spec.durations.upload);
    makeVolume(state, {
      storage: storage.name,
      name,
      size: 120 * 1024 ** 2,
      content: "vztmpl",
      owner: null,
      origin: "made",
    });
    job.log(`download of '${template}' finished`);
  });
  return { data: task.upid };
}
