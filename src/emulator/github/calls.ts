/** What a request asks for, without the names in it. */
export type Call =
  | "mint"
  | "registration"
  | "forget"
  | "runners"
  | "runner"
  | "runs"
  | "run"
  | "jobs"
  | "job"
  | "limits"
  | "other";

/** An Enterprise Server's prefix; without it the same calls answer as api.github.com does. */
export const prefix = /^\/api\/v3(?=\/|$)/;

const shapes: readonly (readonly [RegExp, Call])[] = [
  [/^POST .*\/actions\/runners\/generate-jitconfig$/, "mint"],
  [/^POST .*\/actions\/runners\/(registration|remove)-token$/, "registration"],
  [/^DELETE .*\/actions\/runners\/\d+$/, "forget"],
  [/^GET .*\/actions\/runners$/, "runners"],
  [/^GET .*\/actions\/runners\/\d+$/, "runner"],
  [/^GET .*\/actions\/runs$/, "runs"],
  [/^GET .*\/actions\/runs\/\d+$/, "run"],
  [/^GET .*\/actions\/runs\/\d+\/(attempts\/\d+\/)?jobs$/, "jobs"],
  [/^GET .*\/actions\/jobs\/\d+$/, "job"],
  [/^GET \/rate_limit$/, "limits"],
];

export function callOf({ method, url }: Request): Call {
  const text = `${method} ${new URL(url).pathname.replace(prefix, "")}`;
  return shapes.find(([shape]) => shape.test(text))?.[1] ?? "other";
}

export const tokenOf = (request: Request): string =>
  (request.headers.get("authorization") ?? "").replace(/^(bearer|token)\s+/i, "");
