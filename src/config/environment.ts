import { nearest } from "../domain/nearest.ts";

/** Every variable that is read, with its default. Null: none, or worked out from other values. */
export const variables = {
  PROXMOX_URL: null,
  PROXMOX_NODE: null,
  PROXMOX_TOKEN_ID: null,
  PROXMOX_TOKEN_SECRET: null,
  PROXMOX_TOKEN_SECRET_FILE: null,
  GITHUB_TOKEN: null,
  GITHUB_TOKEN_FILE: null,
  CREDENTIALS_DIRECTORY: null,
  PROXMOX_VERIFY_SSL: "true",
  PROXMOX_CA_CERT: null,
  PROXMOX_FINGERPRINT: null,
  GITHUB_API_URL: "https://api.github.com",
  REPO_OWNER: "NREL",
  REPO_NAME: "EnergyPlus",
  REPO_URL: null,
  ALLOW_PUBLIC_REPOSITORIES: null,
  ALLOW_FORKS: null,
  ALLOW_EVENTS: "default",
  RUNNER_LABELS: "energyplus,linux,x64,ubuntu-22.04",
  RUNNER_MAX: "1",
  MAX_TOTAL_RUNNERS: null,
  TEMPLATE_NAME: "ubuntu-2204-runner-template",
  TEMPLATE_VMID: null,
  TEMPLATE_ID_START: "9000",
  TEMPLATE_ID_END: "9999",
  TEMPLATE_STORAGE: "local-lvm",
  TEMPLATE_IMPORT_STORAGE: "local",
  TEMPLATE_NETWORK: "virtio,bridge=vmbr0",
  TEMPLATE_RESOURCE_POOL: null,
  RUNNER_ID_START: "200",
  RUNNER_ID_END: "299",
  RUNNER_NAME_PREFIX: "energyplus-runner",
  RUNNER_USER: "runner",
  RUNNER_CORES: null,
  RUNNER_MEMORY: null,
  RUNNER_DISK: null,
  RUNNER_NETWORK: null,
  RESOURCE_POOL: null,
  CLONE: "linked",
  CLONE_STORAGE: null,
  PROXMOX_STORAGE: "local",
  DELIVERY: "iso",
  SNIPPETS_DIR: "/opt/dispatcher/snippets",
  SNIPPETS_SFTP: null,
  SNIPPETS_SFTP_KEY: null,
  SNIPPETS_SFTP_KEY_FILE: null,
  SNIPPETS_SFTP_HOST_KEY: null,
  REGISTRATION: null,
  USER_DATA_TEMPLATE: null,
  POLL_INTERVAL: "15",
  IDLE_TIMEOUT: "5m",
  BOOT_TIMEOUT: "10m",
  HARD_LIFETIME: "24h",
  DISPATCHER_INSTANCE: "dispatcher",
  DISPATCHER_KEY: null,
  DISPATCHER_KEY_FILE: null,
  DISPATCHER_KEY_PREVIOUS: null,
  DISPATCHER_KEY_PREVIOUS_FILE: null,
  DISPATCHER_CONFIG: null,
  RUNNER_POOLS_CONFIG: null,
  DISPATCHER_STATE: null,
  STATE_DIRECTORY: null,
  DISPATCHER_LISTEN: "127.0.0.1:9180",
  LOG_LEVEL: "info",
} as const satisfies Record<string, string | null>;

export type VariableName = keyof typeof variables;

/** Those that have a default. */
export type SettledName = { [N in VariableName]: (typeof variables)[N] extends string ? N : never }[VariableName];

export const environmentNames: readonly string[] = Object.keys(variables);

export interface Environment {
  /** As it was set, or null. An empty one counts as not set, except where nothing is a value of its own. */
  given(name: VariableName): string | null;
  /** As it was set, or its default. */
  text(name: SettledName): string;
  /** Untrimmed, and also when empty: for secrets, where every character counts. */
  raw(name: VariableName): string | undefined;
}

export function environmentOf(env: Readonly<Record<string, string | undefined>>): Environment {
  const given = (name: VariableName): string | null => {
    const text = env[name]?.trim();
    return text === undefined || (text === "" && !mayBeEmpty.includes(name)) ? null : text;
  };
  return { given, text: (name) => given(name) ?? variables[name], raw: (name) => env[name] };
}

/**
 * Variables that were probably meant for us. Only near misses: the environment belongs to others as well, and GitHub
 * Actions itself sets names that begin like ours.
 */
export function misspelt(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.keys(env)
    .filter((name) => ours.test(name) && !environmentNames.includes(name))
    .flatMap((name) => {
      const meant = nearest(name, environmentNames);
      return meant === null ? [] : [`${name}: unknown variable, not read; did you mean ${meant}?`];
    });
}

const ours = /^(PROXMOX_|RUNNER_|GITHUB_TOKEN|DISPATCHER_|REPO_|TEMPLATE_|SNIPPETS_)/;

/** No labels are a value; no folder is a mistake that must not turn into the default folder. */
const mayBeEmpty: readonly VariableName[] = ["RUNNER_LABELS", "SNIPPETS_DIR"];
