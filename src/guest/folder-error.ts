import { DispatcherError, type ErrorCode, messageOf } from "../domain/errors.ts";

/** What the file system says about a folder that a person has to provide, in that person's words. */
export function folderError(which: string, error: unknown): DispatcherError {
  // Whoever reaches the folder over a network has said it already, and knows more.
  if (error instanceof DispatcherError) return error;
  const known = troubles.get(systemCode(error));
  if (known === undefined) return new DispatcherError("unavailable", `${which}: ${messageOf(error)}`, { cause: error });
  return new DispatcherError(known.code, `${which}: ${known.cause}`, { cause: error, remedy: known.remedy });
}

/** Node's name of a failed system call's error, such as `ENOENT`. */
export const systemCode = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown";

interface Trouble {
  readonly code: ErrorCode;
  readonly cause: string;
  readonly remedy: string;
}

const missing: Trouble = {
  code: "not_found",
  cause: "there is no such folder",
  remedy: "mount the storage's snippets folder there, or correct the folder in the pool's delivery",
};
const closed: Trouble = {
  code: "forbidden",
  cause: "the dispatcher may not write there",
  remedy: "give the dispatcher's user read and write permission on the folder",
};
const readOnly: Trouble = {
  code: "forbidden",
  cause: "it is mounted read-only",
  remedy: "mount it with write permission",
};
const full: Trouble = { code: "no_capacity", cause: "no space is left", remedy: "make room on that storage" };

const troubles: ReadonlyMap<string, Trouble> = new Map([
  ["ENOENT", missing],
  ["ENOTDIR", missing],
  ["EACCES", closed],
  ["EPERM", closed],
  ["EROFS", readOnly],
  ["ENOSPC", full],
  ["EDQUOT", full],
]);
