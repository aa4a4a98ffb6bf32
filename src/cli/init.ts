import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { parse } from "dotenv";
import { EnvHttpProxyAgent, fetch as undiciFetch } from "undici";
import { systemClock } from "../app/system.ts";
import type { Files } from "../config/files.ts";
import { messageOf } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import { administeredRepositories } from "../github/administered.ts";
import { createInspector } from "../github/inspect.ts";
import type { Fetch as GithubFetch } from "../github/transport.ts";
import { connectAdmin } from "./bootstrap/connect.ts";
import { wholeConfig } from "./bootstrap/whole-config.ts";
import type { Ends } from "./cli.ts";
import { doctor } from "./doctor.ts";
import { grant } from "./init/access.ts";
import type { Answers, Door } from "./init/answers.ts";
import { AnswersFile } from "./init/answers-file.ts";
import { askDoor } from "./init/ask-door.ts";
import { askPlace } from "./init/ask-place.ts";
import { askWork, type Forge } from "./init/ask-work.ts";
import { buildFirst } from "./init/build.ts";
import { environmentName, isWritable, poolsName, present, put } from "./init/files.ts";
import type { Interview } from "./init/interview.ts";
import { lookAtSite, type SiteFacts } from "./init/site.ts";
import { Terminal } from "./init/terminal.ts";
import { environmentText, poolsText, workflowLine } from "./init/texts.ts";
import type { ExitCode, Io } from "./io.ts";

interface Options {
  readonly answers?: string;
  readonly folder: string;
  readonly force?: true;
}

type Pve = Awaited<ReturnType<typeof connectAdmin>>;

export const initCommand = (io: Io, ends: Ends): Command =>
  new Command("init")
    .description(
      "The first run: asks for what it needs to know, with what is found on PVE and GitHub to choose from; makes " +
        "dispatcher's token; writes dispatcher.env and dispatcher.yaml; ends with the doctor's findings.",
    )
    .option("--answers <file>", "answers (YAML) in place of a person at a terminal")
    .option("--folder <path>", "where the two files go", ".")
    .option("--force", "also over files that are there")
    .action((options: Options) => ends(init(io, options)));

async function init(io: Io, options: Options): Promise<ExitCode> {
  const folder = resolve(io.cwd, options.folder);
  if (!isWritable(folder)) {
    io.err(`--folder ${folder}: there is no such folder, or it may not be written to\n`);
    return 2;
  }
  const inTheWay = present(folder);
  if (inTheWay.length > 0 && options.force !== true) {
    io.err(`${folder}: there is ${inTheWay.join(" and ")} already; give --force to replace, or another --folder\n`);
    return 2;
  }
  // What is to be replaced answers where nothing else does, the token's secret above all.
  const before = files.read(resolve(folder, environmentName));
  const env = { ...(before === null ? {} : parse(before)), ...io.env };
  const interview = interviewOf({ ...io, env }, options.answers);
  if (interview === null) return 2;
  const web = new EnvHttpProxyAgent();
  let pve: Pve | null = null;
  try {
    const door = await askDoor(interview, env, { files, path: io.cwd });
    pve = door === null ? null : await open(interview, door, io.stop);
    const facts = pve === null ? null : await look(interview, pve, io.stop);
    // A person is not asked on where nothing can come of it; a file is read to its end, so that all is told at once.
    if (interview instanceof Terminal && interview.problems.length > 0) return refuse(io, interview);
    const place = await askPlace(interview, door, facts);
    const work = await askWork(interview, env, forgeOf(web), io.stop);
    const answers = door === null || place === null || work === null ? null : { door, place, work };
    if (answers !== null) checkWhole(interview, answers, folder);
    if (interview.problems.length > 0 || answers === null || pve === null || facts === null) {
      return refuse(io, interview);
    }
    await settle(io, answers, folder, { pve, facts });
    await offerTemplate(io, answers, folder, { pve, facts });
    return await finish(io, answers, folder);
  } finally {
    if (interview instanceof Terminal) interview.close();
    await Promise.all([pve?.close(), web.close()]);
  }
}

function refuse(io: Io, { problems }: Interview): ExitCode {
  io.err(`the answers cannot be used:\n${problems.map((problem) => `  - ${problem}\n`).join("")}`);
  return 2;
}

const files: Files = { read: (path) => (existsSync(path) ? readFileSync(path, "utf8") : null) };

function interviewOf(io: Io, answers: string | undefined): Interview | null {
  if (answers !== undefined) {
    const text = files.read(resolve(io.cwd, answers));
    if (text !== null) return new AnswersFile(text, { env: io.env, files, cwd: io.cwd });
    io.err(`--answers ${answers}: there is no such file\n`);
    return null;
  }
  if (io.terminal && process.stdin.isTTY) {
    return new Terminal({ input: process.stdin, output: process.stdout, env: io.env, stop: io.stop });
  }
  io.err("nobody can be asked here; give --answers FILE\n");
  return null;
}

async function open(interview: Interview, door: Door, stop: AbortSignal): Promise<Pve | null> {
  try {
    return await connectAdmin(door.admin, stop);
  } catch (error) {
    interview.object(`Proxmox VE: ${messageOf(error)}`);
    return null;
  }
}

async function look(interview: Interview, pve: Pve, stop: AbortSignal): Promise<SiteFacts | null> {
  try {
    return await lookAtSite(pve.tools, stop);
  } catch (error) {
    interview.object(`Proxmox VE: ${messageOf(error)}`);
    return null;
  }
}

const forgeOf =
  (web: EnvHttpProxyAgent) =>
  (apiUrl: URL, token: Secret): Forge => {
    const fetch = ((url: string, init: object) =>
      undiciFetch(url, { ...init, dispatcher: web })) as unknown as GithubFetch;
    const options = { apiUrl, token, fetch, clock: systemClock };
    return {
      inspector: createInspector(options),
      administered: (signal) => administeredRepositories(options, signal),
    };
  };

/** What will be written is read as the daemon will read it, before anything is made. */
function checkWhole(interview: Interview, answers: Answers, folder: string): void {
  const { door, place, work } = answers;
  const env = {
    PROXMOX_URL: door.url,
    PROXMOX_TOKEN_ID: door.tokenId,
    GITHUB_TOKEN: work.token.reveal(),
    GITHUB_API_URL: work.apiUrl.href,
    DISPATCHER_LISTEN: work.listen,
    TEMPLATE_NETWORK: `virtio,bridge=${place.bridge ?? place.fallbackBridge}`,
  };
  const asWritten: Files = {
    read: (path) => (path === resolve(folder, poolsName) ? poolsText(answers) : files.read(path)),
  };
  const read = wholeConfig(env, asWritten, folder);
  if (!read.ok) for (const problem of read.problems) interview.object(problem);
}

/** Makes the token where it is to be made, and writes the two files. */
async function settle(
  io: Io,
  answers: Answers,
  folder: string,
  { pve, facts }: { readonly pve: Pve; readonly facts: SiteFacts },
): Promise<void> {
  let secret = answers.door.tokenSecret;
  const onSecret = (made: Secret): void => {
    secret = made;
  };
  try {
    const tell = (line: string): void => io.out(`${line}\n`);
    if (answers.door.setsUp) await grant(pve.tools, answers, facts, { tell, onSecret }, io.stop);
  } finally {
    // Also after a failure further on: the secret cannot be had again.
    if (secret !== null) {
      put(folder, environmentName, environmentText(answers, secret), 0o600);
      put(folder, poolsName, poolsText(answers), 0o644);
      io.out(`written     ${resolve(folder, environmentName)}\nwritten     ${resolve(folder, poolsName)}\n`);
    }
  }
}

async function offerTemplate(
  io: Io,
  answers: Answers,
  folder: string,
  { pve, facts }: { readonly pve: Pve; readonly facts: SiteFacts },
): Promise<void> {
  const { door, place } = answers;
  if (place.builds === "is there") return;
  if (place.builds === "no") {
    io.out(
      `\nthere is no template ${place.template} yet: \`dispatcher template build ${place.template}\` makes it, with a token that may; ` +
        "`dispatcher init --force` with the answer yes to build_template does so as well, and lets dispatcher's token clone it\n",
    );
    return;
  }
  const code = await buildFirst({ ...io, cwd: folder }, door, pve.tools, place, io.cwd);
  // What the token may do with templates is granted one by one.
  const secret = door.tokenSecret ?? new Secret("known by now");
  const known = { ...answers, door: { ...door, tokenSecret: secret } };
  const tell = (line: string): void => void (line.startsWith("is there") || io.out(`${line}\n`));
  if (code === 0 && door.setsUp) await grant(pve.tools, known, facts, { tell, onSecret: () => {} }, io.stop);
}

async function finish(io: Io, { work }: Answers, folder: string): Promise<ExitCode> {
  io.out("\n");
  const code = await doctor({ ...io, cwd: folder }, { env: environmentName });
  const start = code === 0 ? `start it with \`dispatcher run\` in ${folder}` : "start it once nothing blocks any more";
  io.out(`\nin a workflow:\n    ${workflowLine(work)}\n${start}\n`);
  return code;
}
