import { Buffer } from "node:buffer";
import { posix } from "node:path";
import { gunzipSync } from "node:zlib";
import { type CloudConfig, type ConfiguredFile, quote, readUserData, scriptOf } from "./cloud-config.ts";
import { findSeed } from "./seed.ts";
import type { Outcome, ProcessOptions, System } from "./system.ts";

const folder = "/var/lib/cloud/instance";

/** What a guest does with what it was given, once per power-on. */
export async function cloudInit(system: System): Promise<void> {
  const seed = findSeed(system.machine.media(), (what) => system.note(`cloud-init: ${what}`));
  if (seed === null) {
    system.note("cloud-init: no data source");
    return;
  }
  system.note(`cloud-init: data source ${seed.slot}`);
  await system.files.writeFile(`${folder}/user-data.txt`, seed.userData);
  await system.files.chmod(`${folder}/user-data.txt`, 0o600);
  const data = readUserData(seed.userData);
  if (data.kind === "useless") {
    system.note(`cloud-init: user-data ignored: ${data.why}`);
    return;
  }
  if (data.kind === "script") await runScript(system, "user-data script", data.text);
  else await apply(system, data.config, hostnameIn(seed.metaData));
}

async function apply(system: System, config: CloudConfig, given: string | null): Promise<void> {
  const name = config.hostname ?? config.fqdn?.split(".")[0] ?? given;
  if (name !== null) system.hostname = name;
  await runCommands(system, "bootcmd", config.bootcmd);
  const files = config.write_files ?? [];
  // Users come after files: a file for one of them must wait.
  await writeFiles(
    system,
    files.filter((file) => file.defer !== true),
  );
  for (const user of config.users ?? []) {
    const added = typeof user === "string" ? user : user.name;
    if (added === "default") continue;
    const { home } = system.users.add(added);
    await system.files.mkdir(home, { recursive: true });
    system.files.chown(home, added, false);
  }
  await writeFiles(
    system,
    files.filter((file) => file.defer === true),
  );
  await runCommands(system, "runcmd", config.runcmd);
  const power = config.power_state;
  if (!power || !(await holds(system, power.condition ?? true))) return;
  if (power.mode === "reboot") system.note("asks for a restart, which this guest does not do");
  else system.powerOff();
}

/** The first file that cannot be written ends the whole module. */
async function writeFiles(system: System, files: readonly ConfiguredFile[]): Promise<void> {
  for (const file of files) {
    const problem = await writeFile(system, file);
    if (problem === null) continue;
    system.note(`cloud-init: write_files ${file.path}: ${problem}`);
    return;
  }
}

async function writeFile(system: System, file: ConfiguredFile): Promise<string | null> {
  const content = decode(file.content ?? "", file.encoding ?? "");
  if (content === null) return `its encoding ${file.encoding} does not fit its content`;
  const path = posix.resolve("/", file.path);
  const owner = file.owner?.split(":")[0] ?? "root";
  await system.files.mkdir(posix.dirname(path), { recursive: true });
  if (file.append) await system.files.appendFile(path, content);
  else await system.files.writeFile(path, content);
  const { permissions } = file;
  await system.files.chmod(
    path,
    typeof permissions === "string" ? Number.parseInt(permissions, 8) : (permissions ?? 0o644),
  );
  if (system.users.find(owner) === null) return `there is no user ${owner}`;
  system.files.chown(path, owner, false);
  return null;
}

function decode(content: string, encoding: string): Uint8Array | null {
  const steps = encoding.toLowerCase().trim();
  if (steps === "" || steps === "text/plain") return Buffer.from(content);
  const bytes = /b64|base64/.test(steps) ? Buffer.from(content, "base64") : Buffer.from(content, "latin1");
  if (!/gz/.test(steps)) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    return null;
  }
}

async function runCommands(
  system: System,
  module: string,
  commands: readonly unknown[] | null | undefined,
): Promise<void> {
  if (!commands || commands.length === 0) return;
  const script = scriptOf(commands);
  if (script === null) system.note(`cloud-init: ${module}: an entry is neither text nor a list of words`);
  else await runScript(system, module, script);
}

async function runScript(system: System, what: string, text: string): Promise<void> {
  const path = `${folder}/${what.replaceAll(" ", "-")}`;
  await system.files.writeFile(path, text);
  await system.files.chmod(path, 0o700);
  const outcome = await system.program(["bash", path], asRoot(system));
  await system.files.appendFile("/var/log/cloud-init-output.log", outcome.stdout + outcome.stderr);
  if (outcome.exitCode !== 0) system.note(`cloud-init: ${what} ended with ${outcome.exitCode}: ${lastLine(outcome)}`);
}

async function holds(
  system: System,
  condition: boolean | string | readonly (string | number | boolean)[],
): Promise<boolean> {
  if (typeof condition === "boolean") return condition;
  const text = typeof condition === "string" ? condition : condition.map((word) => quote(String(word))).join(" ");
  return (await system.script(text, asRoot(system))).exitCode === 0;
}

const asRoot = (system: System): ProcessOptions => ({ user: "root", env: system.login("root"), cwd: "/" });

const lastLine = (outcome: Outcome): string => outcome.stderr.trim().split("\n").at(-1) ?? "";

const hostnameIn = (metaData: string): string | null =>
  /^\s*(?:local-hostname|hostname):\s*["']?([\w.-]+)/m.exec(metaData)?.[1]?.split(".")[0] ?? null;
