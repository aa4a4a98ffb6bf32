import type { z } from "zod";
import { DispatcherError } from "../domain/errors.ts";
import type { Answer, Client } from "./client.ts";
import type { About } from "./errors.ts";
import { type EtagCache, etagKey } from "./etags.ts";
import { accept } from "./octokit.ts";

export interface Question<T> {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly shape: z.ZodType<T>;
  readonly about: About;
}

export interface Reader {
  get<T>(question: Question<T>, signal: AbortSignal): Promise<T>;
}

/** What is asked again and again: with the ETag of the last answer. */
export function cachingReader(client: Client, etags: EtagCache, fingerprint: string): Reader {
  return {
    async get<T>(question: Question<T>, signal: AbortSignal): Promise<T> {
      const path = pathOf(question);
      const key = etagKey(fingerprint, accept, path);
      const before = etags.get(key);
      const { about, shape } = question;
      const order = { method: "GET" as const, path, about };
      const answer = await client(before === null ? order : { ...order, etag: before.etag }, signal);
      if (answer.status === 304 && before !== null) {
        const again: unknown = JSON.parse(before.body);
        // Lists are long, and nearly every answer is this one: what was understood once is not gone through again.
        return before.shape === shape ? (again as T) : understood(shape, again, about);
      }
      const body = understood(shape, answer.data, about);
      if (answer.etag !== null) etags.set(key, { etag: answer.etag, body: JSON.stringify(body), shape });
      return body;
    },
  };
}

/** What is asked once. */
export function plainReader(client: Client): Reader {
  return {
    async get<T>(question: Question<T>, signal: AbortSignal): Promise<T> {
      const { about, shape } = question;
      const answer: Answer = await client({ method: "GET", path: pathOf(question), about }, signal);
      return understood(shape, answer.data, about);
    },
  };
}

/** A proxy's page with status 200, for example, is no answer. */
export function understood<T>(shape: z.ZodType<T>, data: unknown, { what }: About): T {
  const read = shape.safeParse(data);
  if (read.success) return read.data;
  const where = read.error.issues[0]?.path.join(".") || "its whole body";
  throw new DispatcherError("unavailable", `${what}: GitHub's answer was not understood (${where})`, { status: 200 });
}

export const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

function pathOf({ path, query = {} }: Question<unknown>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}
