/** An answer that Octokit threw: 304 and everything from 400 on. */
export interface HttpFailure {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly data: unknown;
}

/** Null for anything else, also for a broken connection: Octokit gives that status 500, but no response. */
export function httpFailureIn(error: unknown): HttpFailure | null {
  if (!(error instanceof Error) || !("response" in error)) return null;
  const { response } = error;
  if (typeof response !== "object" || response === null) return null;
  return "status" in response && "headers" in response && "data" in response ? (response as HttpFailure) : null;
}
