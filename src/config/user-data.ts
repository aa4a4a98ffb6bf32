import type { Registration } from "../domain/pool.ts";
import type { Environment } from "./environment.ts";
import { type Folder, readIn } from "./files.ts";
import { bad, good, type Read } from "./read.ts";

/** A user-data template, read: what it uses decides how its runners can register. */
export interface UserData {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

export function readUserData(path: string, folder: Folder): Read<UserData> {
  const file = readIn(folder, path);
  return file.text === null
    ? bad(
        `no such file: ${file.path}; correct the path, or leave it out to use the template that comes with dispatcher`,
      )
    : good({ path: file.path, text: file.text });
}

/** Where the old dispatcher kept its template, when it is still there; otherwise the one that comes with the product. */
export function defaultUserData(cwd: Folder, builtin: string): Read<UserData> {
  const inherited = readUserData(inheritedPath, cwd);
  return inherited.ok ? inherited : readUserData(builtin, cwd);
}

export const userDataOf = (env: Environment, cwd: Folder, builtin: string): Read<UserData> => {
  const path = env.given("USER_DATA_TEMPLATE");
  return path === null ? defaultUserData(cwd, builtin) : readUserData(path, cwd);
};

/** How runners register with this template: one that asks for a registration token cannot do with a JIT config. */
export function registrationFor({ text }: UserData): Registration {
  const asksInEjs = [...text.matchAll(/<%(?![%#])(.*?)%>/gs)].some(([, code]) => tokenName.test(code ?? ""));
  // Two dollar signs stand for one that is meant literally: they are consumed together.
  const asksByDollar = [...text.matchAll(/\$(?:\$|\{(\w+)\}|(\w+))/g)].some(([, braced, bare]) => {
    return (braced ?? bare) === "registration_token";
  });
  return asksInEjs || asksByDollar ? "token" : "jit";
}

const tokenName = /\b(registration_token|registrationToken)\b/;

const inheritedPath = "runners/ubuntu-2204/cloud-init/runner-user-data.pkrtpl";
