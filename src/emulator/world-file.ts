import { parse } from "yaml";
import { DispatcherError, messageOf } from "../domain/errors.ts";
import { type WorldSpec, worldSpec } from "./world.ts";

/** YAML or JSON in, a world out; every problem of the file comes out at once. */
export function readWorld(path: string, text: string): WorldSpec {
  let data: unknown;
  try {
    data = parse(text) ?? {};
  } catch (error) {
    throw new DispatcherError("invalid", `world file ${path}: ${messageOf(error)}`);
  }
  const read = worldSpec.safeParse(data);
  if (read.success) return read.data;
  const problems = read.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`);
  throw new DispatcherError("invalid", `world file ${path}: ${problems.join("; ")}`);
}
