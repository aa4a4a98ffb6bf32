import { Refusal } from "./refusal.ts";

export interface UploadedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Upload {
  readonly fields: ReadonlyMap<string, string>;
  readonly file: UploadedFile | null;
}

const source = "at /usr/share/perl5/PVE/APIServer/AnyEvent.pm";
const broken = (): Refusal => new Refusal(500, `upload failed ${source} line 1317.`, { body: "text" });

/**
 * PVE's own reading of a multipart body, with its peculiarities: an unquoted boundary, part headers written
 * `Content-Disposition`, the file in the field `filename` and last, for whatever follows it is not read.
 */
export function readUpload(body: Uint8Array, contentType: string): Upload {
  const boundary = /boundary=([^;\s]+)/.exec(contentType)?.[1];
  if (boundary === undefined || boundary.startsWith('"')) throw broken();
  const data = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const fields = new Map<string, string>();
  const mark = `--${boundary}`;
  let at = data.indexOf(mark);
  if (at !== 0) throw broken();
  for (;;) {
    const start = at + mark.length;
    if (data.subarray(start, start + 2).toString("latin1") === "--") return { fields, file: null };
    const part = readPart(data, start + 2, `\r\n${mark}`);
    if (part.fileName !== null) {
      if (part.field !== "filename") throw wrongField(part.field);
      return { fields, file: { name: part.fileName, bytes: part.bytes } };
    }
    fields.set(part.field, Buffer.from(part.bytes).toString("utf8"));
    at = part.end;
  }
}

interface Part {
  readonly field: string;
  readonly fileName: string | null;
  readonly bytes: Uint8Array;
  /** Where the next boundary starts. */
  readonly end: number;
}

function readPart(data: Buffer, from: number, closing: string): Part {
  const headEnd = data.indexOf("\r\n\r\n", from);
  if (headEnd < 0) throw broken();
  const head = data.subarray(from, headEnd).toString("utf8");
  const disposition = /^Content-Disposition: (.*)$/m.exec(head)?.[1];
  const field = /\bname="([^"]*)"/.exec(disposition ?? "")?.[1];
  if (field === undefined) throw broken();
  const end = data.indexOf(closing, headEnd + 2);
  if (end < 0) throw broken();
  return {
    field,
    fileName: /\bfilename="([^"]*)"/.exec(disposition ?? "")?.[1] ?? null,
    bytes: new Uint8Array(data.subarray(headEnd + 4, Math.max(end, headEnd + 4))),
    end: end + 2,
  };
}

const wrongField = (field: string): Refusal =>
  new Refusal(500, `wrong field name '${field}' for file upload, expected 'filename' ${source} line 1281.`, {
    body: "text",
  });
