import { resolve } from "node:path";
import { spellError } from "../../app/logger.ts";
import type { Tools } from "../../bootstrap/tools.ts";
import type { ExitCode, Io } from "../io.ts";
import { type BuildOptions, buildTemplate } from "../template/build.ts";
import { connected } from "../template/connect.ts";
import type { Door, Place } from "./answers.ts";
import type { BuildSource } from "./ask-building.ts";
import { environmentName } from "./files.ts";

/** As `template build FAMILY` without an option. */
const asUsual: BuildOptions = {
  cores: "2",
  memory: "4096",
  disk: "20",
  runnerUser: "runner",
  package: [],
  docker: true,
  timeout: "90",
};

/**
 * Builds in the administrator's name, as dispatcher's own token may not make templates, and signs with dispatcher's
 * key. A failure is told and no more: what was set up by now stands without a template as well.
 */
export async function buildFirst(
  io: Io,
  { admin: { login } }: Door,
  tools: Pick<Tools, "client" | "tasks">,
  { template: family, building: { source } }: Place,
  cwd: string,
): Promise<ExitCode> {
  const tokenId = login.kind === "token" ? login.id : login.user;
  try {
    return await connected(io, environmentName, (parts) => {
      const shop = { ...parts.shop, client: tools.client, tasks: tools.tasks, tokenId };
      return buildTemplate(io, { ...parts, shop }, family, { ...asUsual, ...wanted(source, cwd) });
    });
  } catch (error) {
    io.err(`${spellError(error)}\n`);
    return 1;
  }
}

/** Paths are the caller's, whichever folder the configuration lies in. */
const wanted = ({ image, runner }: BuildSource, cwd: string): Partial<BuildOptions> => ({
  ...(image === null ? {} : "path" in image ? { image: resolve(cwd, image.path) } : image),
  ...(runner === null ? {} : { runnerVersion: runner.version, runnerSha256: runner.sha256 }),
});
