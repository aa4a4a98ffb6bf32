import type { Secret } from "../../domain/secret.ts";
import type { Answers } from "./answers.ts";
import { trustEnv } from "./ask-door.ts";

/** dispatcher.env: addresses and secrets. */
export function environmentText({ door, place, work }: Answers, tokenSecret: Secret): string {
  const lines = (values: Readonly<Record<string, string>>): string =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${quoted(value)}\n`)
      .join("");
  return [
    "# Addresses and secrets; the pools stand in dispatcher.yaml. Keep this file to yourself (mode 0600).\n\n",
    "# Proxmox VE, and dispatcher's own token there.\n",
    lines({ PROXMOX_URL: door.url, ...trustEnv(door.trust) }),
    lines({ PROXMOX_TOKEN_ID: door.tokenId, PROXMOX_TOKEN_SECRET: tokenSecret.reveal() }),
    "\n# GitHub.\n",
    lines({ GITHUB_API_URL: work.apiUrl.href.replace(/\/+$/, ""), GITHUB_TOKEN: work.token.reveal() }),
    "\n# For `dispatcher template build`.\n",
    lines({ TEMPLATE_STORAGE: place.building.disks, TEMPLATE_IMPORT_STORAGE: place.building.imports }),
    lines({ TEMPLATE_NETWORK: `virtio,bridge=${place.bridge ?? place.fallbackBridge}` }),
    "\n# Health and metrics; off switches them off.\n",
    lines({ DISPATCHER_LISTEN: work.listen }),
  ].join("");
}

/** dispatcher.yaml: the pool, and no secret. */
export function poolsText({ place, work }: Answers): string {
  const { organisation, repositories, runnerGroup } = work;
  const github =
    organisation === null
      ? { repository: repositories[0] }
      : {
          organisation,
          repositories: repositories.map((name) => name.split("/")[1]),
          ...(runnerGroup === null ? {} : { runner_group: runnerGroup }),
        };
  const template = /^\d+$/.test(place.template) ? Number(place.template) : place.template;
  const network =
    place.bridge === null ? [] : [["network", `virtio,bridge=${place.bridge}`, "In place of the template's."] as const];
  const pool: readonly (readonly [key: string, value: unknown, comment: string])[] = [
    ["labels", work.labels, "What a job asks for in runs-on, beside self-hosted."],
    ["github", github, "Whose jobs get guests. Those of public repositories and of forks need a policy as well."],
    ["template", template, "A template or a template family by name, or a VMID."],
    ["nodes", place.nodes, "The template must be on each of them."],
    ["storage", place.seedStorage, "Where the seed images are uploaded."],
    ["vmids", place.vmids, "Belong to this pool alone; a guest without disks at the last one carries the lease."],
    ["resource_pool", place.resourcePool, "PVE's resource pool, to which dispatcher's rights are confined."],
    ["runner_name_prefix", "runner", "What guests and runners are called, before -<nonce>."],
    ["max_runners", work.max, "Guests at once."],
    ...network,
  ];
  const lines = pool.map(([key, value, comment]) => `    # ${comment}\n    ${key}: ${flow(value)}\n`);
  return `# Written by \`dispatcher init\`. What else a pool can say stands in docs/configuration.md.\n\npools:\n  - name: runners\n${lines.join("")}`;
}

/** JSON is YAML as well; with spaces it also looks like it. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const items = Object.entries(value).map(([key, item]) => `${key}: ${flow(item)}`);
  return `{ ${items.join(", ")} }`;
}

/** As dotenv reads it back: within quotes nothing is expanded, except in double ones. */
function quoted(value: string): string {
  if (/^[\w:/.@!,=+~-]*$/.test(value)) return value;
  const quote = ["'", "`", '"'].find((one) => !value.includes(one)) ?? "'";
  return `${quote}${value}${quote}`;
}

/** The line that brings a job here. */
export const workflowLine = ({ labels }: Answers["work"]): string =>
  `runs-on: [${["self-hosted", ...labels].join(", ")}]`;
