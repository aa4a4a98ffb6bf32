import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DispatcherError, messageOf } from "../domain/errors.ts";

/** As much of `fetch` as a download needs. */
export type Download = (
  url: string,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> | null }>;

/** Copies a release from a file or a URL to `to`, and refuses it unless it is the one that is meant. */
export async function bringArchive(
  { from, sha256, to }: { readonly from: string; readonly sha256: string; readonly to: string },
  download: Download,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash("sha256");
  const hashed = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  try {
    const source = /^https?:\/\//.test(from) ? await downloaded(from, download, signal) : createReadStream(from);
    await pipeline(Readable.from(source), hashed, createWriteStream(to), { signal });
  } catch (error) {
    if (error instanceof DispatcherError) throw error;
    throw new DispatcherError("unavailable", `release ${from}: ${messageOf(error)}`, { cause: error });
  }
  const found = hash.digest("hex");
  if (found !== sha256.toLowerCase()) {
    throw new DispatcherError("untrusted", `release ${from}: its SHA-256 is ${found}, not ${sha256}`, {
      remedy: "compare with SHA256SUMS of the release and fetch it again; nothing was unpacked",
    });
  }
}

async function downloaded(url: string, download: Download, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const { status, body } = await download(url, signal);
  if (status === 200 && body !== null) return body;
  throw new DispatcherError("unavailable", `release ${url}: the server answers ${status}`, { status });
}
