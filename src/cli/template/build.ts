import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DispatcherError } from "../../domain/errors.ts";
import { asNodeName, asStorageName, asVmid } from "../../domain/ids.ts";
import { compareVersions } from "../../domain/images/runner-age.ts";
import { isFamilyName } from "../../domain/images/template-marker.ts";
import { MINUTE, spell } from "../../domain/time.ts";
import type { VmidRange } from "../../domain/vmids.ts";
import { build } from "../../images/build.ts";
import { checkBuild, errorOfProblems } from "../../images/check.ts";
import type { BuildOrder, CloudImage } from "../../images/order.ts";
import { buildUserData, digestOfInputs, type Recipe, type Runner } from "../../images/recipe.ts";
import { checksumIn, checksumOf, isPublished, publishedImages, spellChecksum } from "../../images/sources.ts";
import type { ExitCode, Io } from "../io.ts";
import type { Connected } from "./connect.ts";

export interface BuildOptions {
  readonly from?: string;
  readonly url?: string;
  readonly image?: string;
  readonly sha256?: string;
  readonly node?: string;
  readonly vmids?: string;
  readonly storage?: string;
  readonly importStorage?: string;
  readonly seedStorage?: string;
  readonly resourcePool?: string;
  readonly network?: string;
  readonly cores: string;
  readonly memory: string;
  readonly disk: string;
  readonly runnerVersion?: string;
  readonly runnerSha256?: string;
  readonly runnerUser: string;
  readonly package: readonly string[];
  readonly docker: boolean;
  readonly proxy?: string;
  readonly timeout: string;
  readonly promote?: true;
  readonly keep?: true;
  readonly json?: true;
}

/** Looks whether all is there that a build needs, and builds. */
export async function buildTemplate(
  io: Io,
  parts: Connected,
  family: string,
  options: BuildOptions,
): Promise<ExitCode> {
  const { shop } = parts;
  const began = shop.clock.now();
  const tell = (step: string, text: string): void => {
    const after = spell(shop.clock.now() - began);
    io.out(options.json === true ? `${JSON.stringify({ step, text })}\n` : `${after.padStart(8)}  ${step}: ${text}\n`);
  };
  const order = await orderFrom(io, parts, family, options);
  tell("check", `image ${spellChecksum(order.image.checksum).slice(0, 24)}…, runner ${order.runner.version}`);
  const problems = await checkBuild(shop, order, io.stop);
  if (problems.length > 0) throw errorOfProblems(`build of ${family}: nothing was begun`, problems);
  const { vmid, node, marker } = await build(shop, order, tell, io.stop);
  if (options.json === true) {
    const { generation, promoted } = marker;
    io.out(`${JSON.stringify({ family, generation, vmid, node, promoted: promoted !== null })}\n`);
  }
  return 0;
}

async function orderFrom(io: Io, parts: Connected, family: string, options: BuildOptions): Promise<BuildOrder> {
  const { config } = parts;
  if (!isFamilyName(family)) {
    throw wrong(`family ${JSON.stringify(family)}`, "use up to 40 lower-case letters, digits and -");
  }
  const image = await imageFrom(io, parts, family, options);
  const recipe: Recipe = {
    family,
    files: imageFolder(),
    runner: await runnerFrom(io, parts, options),
    packages: options.package,
    docker: options.docker,
    runnerUser: options.runnerUser,
    proxy: options.proxy ?? null,
  };
  const numbers = { cores: whole("--cores", options.cores), diskGiB: whole("--disk", options.disk) };
  const { templates, pools } = config;
  const [first] = pools;
  const seeds = first?.delivery.kind === "iso" ? first.delivery.storage : templates.importStorage;
  const node = options.node ?? first?.guest.nodes[0];
  if (node === undefined) throw wrong("--node", "name the node to build on");
  const network = options.network ?? templates.network;
  const hardware = JSON.stringify([numbers, options.memory, network]);
  return {
    family,
    node: asNodeName(node),
    range: {
      templates: options.vmids === undefined ? templates.range : rangeIn(options.vmids),
      runners: pools.map(({ guest }) => guest.range),
    },
    resourcePool: options.resourcePool ?? templates.resourcePool,
    storages: {
      disks: asStorageName(options.storage ?? templates.storage),
      imports: asStorageName(options.importStorage ?? templates.importStorage),
      seeds: asStorageName(options.seedStorage ?? seeds),
    },
    ...numbers,
    memoryMiB: whole("--memory", options.memory),
    network,
    image,
    runner: recipe.runner,
    userData: buildUserData(recipe),
    inputs: digestOfInputs(recipe, spellChecksum(image.checksum), hardware),
    promote: options.promote === true,
    keep: options.keep === true,
    patience: whole("--timeout", options.timeout) * MINUTE,
  };
}

async function imageFrom(io: Io, { fetchText }: Connected, family: string, options: BuildOptions): Promise<CloudImage> {
  const { url, image, sha256, from = family } = options;
  const given = sha256 === undefined ? null : checksumOf(sha256);
  if (sha256 !== undefined && given === null) throw wrong("--sha256", "give 64 hex digits");
  if (image !== undefined) {
    const path = resolve(io.cwd, image);
    const read = async (): Promise<Uint8Array> => readFile(path);
    const value =
      given?.value ??
      createHash("sha256")
        .update(await read())
        .digest("hex");
    return { kind: "file", name: basename(path), checksum: { algorithm: "sha256", value }, read };
  }
  if (url !== undefined) {
    if (given === null) throw wrong("--url", "give its checksum too (--sha256), as its publisher names it");
    return { kind: "url", url, checksum: given };
  }
  if (!isPublished(from)) {
    const known = Object.keys(publishedImages).join(", ");
    throw wrong(`image ${from}`, `name one that is known (--from ${known}), or give --url and --sha256, or --image`);
  }
  const published = publishedImages[from];
  return { kind: "url", url: published.url, checksum: checksumIn(await fetchText(published.sums), published) };
}

/** The newest release, where none is named: GitHub publishes the checksums of its runners. */
async function runnerFrom(io: Io, { github }: Connected, options: BuildOptions): Promise<Runner> {
  const { runnerVersion: version, runnerSha256 } = options;
  if (version !== undefined && runnerSha256 !== undefined) return { version, sha256: runnerSha256 };
  const releases = await github.runnerReleases(io.stop);
  const [newest] = [...releases].sort((a, b) => compareVersions(b.version, a.version));
  const meant = version === undefined ? newest : releases.find((release) => release.version === version);
  const sha256 = runnerSha256 ?? meant?.sha256 ?? null;
  if (meant !== undefined && sha256 !== null) return { version: meant.version, sha256 };
  const what = version === undefined ? "the newest runner" : `runner ${version}`;
  throw wrong(what, "GitHub does not tell its checksum; give --runner-version and --runner-sha256");
}

/** What turns a plain system into an image: the same files that every other way of building uses. */
function imageFolder(): ReadonlyMap<string, string> {
  const folder = fileURLToPath(new URL("../../../templates/image/", import.meta.url));
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(names.map(({ name }) => [name, readFileSync(resolve(folder, name), "utf8")]));
}

function rangeIn(text: string): VmidRange {
  const [, first, last] = /^(\d{3,9})-(\d{3,9})$/.exec(text) ?? [];
  if (first === undefined || last === undefined || Number(first) > Number(last))
    throw wrong("--vmids", "write 9000-9099");
  return { first: asVmid(Number(first)), last: asVmid(Number(last)) };
}

function whole(option: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw wrong(option, `${JSON.stringify(text)} is no whole number`);
  return Number(text);
}

const wrong = (what: string, remedy: string): DispatcherError =>
  new DispatcherError("invalid", `${what}: it cannot be used`, { remedy });
