import { environmentNames, environmentOf } from "../config/environment.ts";
import { type Folder, readIn } from "../config/files.ts";
import { combine, good, type Read } from "../config/read.ts";
import { readSecret, type SecretName } from "../config/secrets.ts";
import type { Secret } from "../domain/secret.ts";
import type { InsideFile } from "./shell.ts";

export interface DaemonFiles {
  /** With the token's secret, which may not be known yet; what is secret comes last. */
  readonly files: (tokenSecret: Secret) => readonly InsideFile[];
  readonly tokenSecret: Secret | null;
  readonly key: { readonly current: Secret | null; readonly previous: Secret | null };
}

type Env = Readonly<Record<string, string | undefined>>;

const home = "/etc/dispatcher";

/** The operator's configuration as files of the container: what his files say goes with it, his paths do not. */
export function daemonFiles(given: Env, cwd: Folder): Read<DaemonFiles> {
  const env = environmentOf(given);
  const secrets = combine({
    PROXMOX_TOKEN_SECRET: readSecret("PROXMOX_TOKEN_SECRET", env, cwd),
    GITHUB_TOKEN: readSecret("GITHUB_TOKEN", env, cwd),
    DISPATCHER_KEY: readSecret("DISPATCHER_KEY", env, cwd),
    DISPATCHER_KEY_PREVIOUS: readSecret("DISPATCHER_KEY_PREVIOUS", env, cwd),
    SNIPPETS_SFTP_KEY: readSecret("SNIPPETS_SFTP_KEY", env, cwd),
  } satisfies Record<SecretName, Read<Secret | null>>);
  if (!secrets.ok) return secrets;
  const values = secrets.value;
  const copies = carried.flatMap(({ variable, name, byDefault }) => {
    const path = given[variable]?.trim() || byDefault;
    const text = path === undefined ? null : readIn(cwd, path).text;
    return text === null ? [] : [{ variable, path: `${home}/${name}`, text }];
  });
  const plain = new Map<string, string>();
  for (const name of environmentNames) {
    const value = given[name]?.trim();
    if (value !== undefined && value !== "" && !notCarried.test(name)) plain.set(name, value);
  }
  for (const { variable, path } of copies) plain.set(variable, path);
  const lines = [...plain].map(([name, value]) => `${name}=${quoted(value)}\n`);
  const open: readonly InsideFile[] = [
    ...copies.map(({ path, text }) => readable(path, text)),
    readable(
      `${home}/dispatcher.env`,
      `# Written by \`dispatcher bootstrap\`; secrets lie in credentials/.\n${lines.join("")}`,
    ),
  ];
  const known = Object.entries(values).flatMap(([name, secret]) =>
    secret === null || name === "PROXMOX_TOKEN_SECRET" ? [] : [[name, secret] as const],
  );
  return good({
    tokenSecret: values.PROXMOX_TOKEN_SECRET,
    key: { current: values.DISPATCHER_KEY, previous: values.DISPATCHER_KEY_PREVIOUS },
    files: (tokenSecret) => [...open, ...known.map(credential), credential(["PROXMOX_TOKEN_SECRET", tokenSecret])],
  });
}

/** Variables that name a file of the operator's. */
const carried: readonly { readonly variable: string; readonly name: string; readonly byDefault?: string }[] = [
  { variable: "PROXMOX_CA_CERT", name: "pve-ca.pem" },
  { variable: "PROXMOX_VERIFY_SSL", name: "pve-verify.pem" },
  { variable: "USER_DATA_TEMPLATE", name: "user-data.template" },
  { variable: "RUNNER_POOLS_CONFIG", name: "dispatcher.yaml" },
  { variable: "DISPATCHER_CONFIG", name: "dispatcher.yaml", byDefault: "dispatcher.yaml" },
];

/** Secrets, and what is the process's own. */
const notCarried =
  /^(PROXMOX_TOKEN_SECRET|GITHUB_TOKEN|DISPATCHER_KEY|DISPATCHER_KEY_PREVIOUS|SNIPPETS_SFTP_KEY)(_FILE)?$|^(CREDENTIALS_DIRECTORY|STATE_DIRECTORY|DISPATCHER_STATE)$/;

const readable = (path: string, text: string): InsideFile => {
  return { path, content: Buffer.from(text), mode: "640", owner: "root:dispatcher" };
};

const credential = ([name, content]: readonly [string, Secret]): InsideFile => {
  return { path: `${home}/credentials/${name.toLowerCase()}`, content, mode: "600", owner: "root:root" };
};

/** As both systemd and dotenv read it. */
const quoted = (value: string): string =>
  /^[\w@%+,./:=-]*$/.test(value) ? value : value.includes("'") ? JSON.stringify(value) : `'${value}'`;
