/** What can go wrong, in the words of the one who has to react. Only the edges read status numbers and vendors' prose. */
export type ErrorCode =
  | "not_found"
  | "already_exists"
  | "conflict"
  | "locked"
  | "no_capacity"
  | "unauthorized"
  | "forbidden"
  | "rate_limited"
  | "unavailable"
  | "timeout"
  | "lost_answer"
  | "untrusted"
  | "not_ours"
  | "standby"
  | "task_failed"
  | "invalid"
  | "internal";

/** May the same wish succeed later without anyone changing anything? */
export const transient = {
  not_found: false,
  already_exists: false,
  conflict: true,
  locked: true,
  no_capacity: true,
  unauthorized: false,
  forbidden: false,
  rate_limited: true,
  unavailable: true,
  timeout: true,
  lost_answer: true,
  untrusted: false,
  not_ours: false,
  standby: true,
  task_failed: true,
  invalid: false,
  internal: false,
} as const satisfies Record<ErrorCode, boolean>;

export interface ErrorDetails {
  readonly cause?: unknown;
  /** One sentence that says how to mend it. */
  readonly remedy?: string;
  /** The HTTP status, where there was one. */
  readonly status?: number;
  /** PVE's `errors`: parameter → what is wrong with it. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The end of the failed task's log. */
  readonly log?: readonly string[];
  /** How long the other side asks us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Worded `<what> <which>: <cause>`, lower case, without secrets. */
export class DispatcherError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "DispatcherError";
    this.code = code;
    this.details = details;
  }
}

export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is DispatcherError {
  return error instanceof DispatcherError && codes.includes(error.code);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
