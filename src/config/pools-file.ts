import { dirname } from "node:path";
import type { Environment } from "./environment.ts";
import { type FileShape, shapeOf } from "./file-shape.ts";
import { type Folder, readIn } from "./files.ts";
import { at, bad, chain, good, type Read } from "./read.ts";
import { parseYaml } from "./yaml.ts";

/** dispatcher.yaml, in its right shape. */
export interface PoolsFile {
  /** As it was named: problems begin with it. */
  readonly name: string;
  /** Paths in it start here. */
  readonly folder: Folder;
  readonly shape: FileShape;
}

/** Null where there is none: the environment alone then describes the one pool. */
export function readPoolsFile(env: Environment, cwd: Folder): Read<PoolsFile | null> {
  const named = env.given("DISPATCHER_CONFIG");
  const older = env.given("RUNNER_POOLS_CONFIG");
  if (named !== null && older !== null && named !== older) {
    return bad("DISPATCHER_CONFIG: names another file than RUNNER_POOLS_CONFIG, its older name; remove that one");
  }
  const name = named ?? older ?? defaultName;
  const { path, text } = readIn(cwd, name);
  if (text === null) {
    if (name === defaultName && named === null && older === null) return good(null);
    const variable = named === null ? "RUNNER_POOLS_CONFIG" : "DISPATCHER_CONFIG";
    return bad(`${variable}: no such file: ${path}; correct the path or create the file`);
  }
  const data = at(name, parseYaml(text));
  const folder = { files: cwd.files, path: dirname(path) };
  return chain(
    chain(data, (value) => shapeOf(name, value)),
    (shape) => good({ name, folder, shape }),
  );
}

const defaultName = "dispatcher.yaml";
