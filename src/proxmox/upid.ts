import { DispatcherError } from "../domain/errors.ts";
import { asNodeName, asUpid, type NodeName, type Upid } from "../domain/ids.ts";
import { type Instant, SECOND } from "../domain/time.ts";

/** What a task's id says about it. */
export interface UpidFacts {
  readonly upid: Upid;
  readonly node: NodeName;
  readonly startedAt: Instant;
  /** `qmclone`, `qmstart`, `imgcopy` … */
  readonly type: string;
  /** The guest that the task works on, the *source* of a clone, a storage, or empty. */
  readonly id: string;
  /** `user@realm!tokenname`. */
  readonly user: string;
}

const form = /^UPID:([^:\s]+):[0-9A-F]{8}:[0-9A-F]{8,}:([0-9A-F]{8,}):([^:\s]+):([^:\s]*):([^:\s]+):$/i;

export const looksLikeUpid = (text: string): boolean => form.test(text);

export function parseUpid(text: string): UpidFacts {
  const match = form.exec(text);
  if (match === null) throw new DispatcherError("invalid", `task id ${JSON.stringify(text)}: is not a UPID`);
  const [, node = "", seconds = "", type = "", id = "", user = ""] = match;
  return {
    upid: asUpid(text),
    node: asNodeName(node),
    startedAt: Number.parseInt(seconds, 16) * SECOND,
    type,
    id,
    user,
  };
}

export const nodeOfTask = (upid: Upid): NodeName => parseUpid(upid).node;
