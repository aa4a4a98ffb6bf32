import { createHash } from "node:crypto";
import { DispatcherError } from "../domain/errors.ts";

export interface Multipart {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/**
 * An upload as PVE's own parser wants it: the fields before the file, header names capitalised, the boundary unquoted,
 * the file's field called `filename`. A general form encoder gets at least one of these wrong.
 */
export function multipartOf(
  fields: readonly (readonly [name: string, value: string])[],
  file: { readonly name: string; readonly bytes: Uint8Array },
): Multipart {
  if (!/^[\w.-]+$/.test(file.name)) {
    throw new DispatcherError("invalid", `upload of ${JSON.stringify(file.name)}: its name may hold A-Z a-z 0-9 . _ -`);
  }
  // No content holds its own hash, so the boundary cannot occur in the file, and no chance is needed.
  const boundary = `dispatcher-${createHash("sha256").update(file.bytes).digest("hex").slice(0, 40)}`;
  const head = [
    ...fields.map(
      ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    ),
    `--${boundary}\r\nContent-Disposition: form-data; name="filename"; filename="${file.name}"\r\n`,
    "Content-Type: application/octet-stream\r\n\r\n",
  ].join("");
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([Buffer.from(head), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}
