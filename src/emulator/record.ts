import type { Handler } from "./handler.ts";

/** A request as it came in, without its headers: they carry the token. */
export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly contentType: string;
  /** Of an upload all but the file's content. */
  readonly body: string;
}

/** Tells of each request, then serves it. */
export function recorded(handler: Handler, tell: (request: RecordedRequest) => void): Handler {
  return async (request) => {
    const { method, url, headers } = request;
    const contentType = headers.get("content-type") ?? "";
    const copy = request.clone();
    const body = contentType.startsWith("multipart/")
      ? withoutContent(new Uint8Array(await copy.arrayBuffer()))
      : await copy.text();
    tell({ method, url, contentType, body });
    return handler(request);
  };
}

/** An upload's fields and headers, byte for byte a letter, without what lies in the file. */
export function withoutContent(upload: Uint8Array): string {
  const text = Buffer.from(upload.buffer, upload.byteOffset, upload.byteLength).toString("latin1");
  const named = text.indexOf("; filename=");
  const from = named < 0 ? -1 : text.indexOf("\r\n\r\n", named);
  const until = text.lastIndexOf("\r\n--");
  return from < 0 || until < from ? text : text.slice(0, from + 4) + text.slice(until);
}
