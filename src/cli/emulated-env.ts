import type { WorldSpec } from "../emulator/world.ts";

/** The environment of a dispatcher that serves this world: what the world's file says wins. */
export function envFor(
  spec: WorldSpec,
  urls: { readonly pve: string; readonly github: string; readonly fingerprint: string },
): Readonly<Record<string, string>> {
  const [pveToken] = spec.pve.tokens;
  const [githubToken] = spec.github.tokens;
  const template = spec.pve.guests.find((guest) => guest.template);
  const [owner = "", name = ""] = (spec.github.repositories[0]?.name ?? "").split("/");
  const seeds = spec.pve.storages.find((storage) => storage.content.includes("iso"));
  const labels = spec.github.jobs.flatMap((job) => job.labels).filter((label) => label !== "self-hosted");
  return {
    PROXMOX_URL: `${urls.pve}/api2/json`,
    PROXMOX_FINGERPRINT: urls.fingerprint,
    PROXMOX_NODE: spec.pve.nodes.map((node) => node.name)[0] ?? "",
    PROXMOX_TOKEN_ID: pveToken?.id ?? "",
    PROXMOX_TOKEN_SECRET: pveToken?.secret ?? "",
    PROXMOX_STORAGE: seeds?.name ?? "",
    GITHUB_API_URL: `${urls.github}/api/v3`,
    GITHUB_TOKEN: githubToken?.token ?? "",
    REPO_OWNER: owner,
    REPO_NAME: name,
    TEMPLATE_NAME: template?.name ?? "",
    RUNNER_LABELS: [...new Set(labels)].join(",") || "linux,x64",
    POLL_INTERVAL: "2",
    DISPATCHER_LISTEN: "off",
    ...spec.dispatcher,
  };
}
