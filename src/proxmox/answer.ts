import { z } from "zod";
import { type Call, errorOfNonsense, errorOfRefusal, sentenceOf } from "./errors.ts";

/** What came back over the wire. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly text: string;
}

/** The `data` of a success, in the shape of the schema; everything else is thrown. `hide` takes secrets out of texts. */
export function readAnswer<T>(call: Call, answer: Answer, schema: z.ZodType<T>, hide: (text: string) => string): T {
  const body = parse(answer.text);
  if (answer.status < 200 || answer.status > 299) throw refusalOf(call, answer, body, hide);
  if (body === undefined) throw errorOfNonsense(call, "is not JSON");
  if (typeof body !== "object" || body === null || !("data" in body)) throw errorOfNonsense(call, "has no data");
  const read = schema.safeParse(body.data);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = ["data", ...(issue?.path ?? [])].join(".");
  throw errorOfNonsense(call, `has another shape: ${where}: ${issue?.message ?? "unknown"}`);
}

function refusalOf(call: Call, { status, reason }: Answer, body: unknown, hide: (text: string) => string): Error {
  const { message, errors } = refusalBody.safeParse(body).data ?? {};
  const parameters = errors ? Object.entries(errors).map(([name, why]) => [name, hide(why)] as const) : null;
  return errorOfRefusal(call, {
    status,
    sentence: hide(sentenceOf(status, reason, message ?? null)),
    parameters: parameters === null ? null : Object.fromEntries(parameters),
  });
}

const refusalBody = z.looseObject({
  message: z.string().nullish(),
  errors: z.record(z.string(), z.string()).nullish(),
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
