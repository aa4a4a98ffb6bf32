import type { Handler } from "./handler.ts";

/** A request as it came in, without its headers: they carry the token. The body of an upload is left out. */
export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
}

/** Tells of each request, then serves it. */
export function recorded(handler: Handler, tell: (request: RecordedRequest) => void): Handler {
  return async (request) => {
    const { method, url, headers } = request;
    const contentType = headers.get("content-type") ?? "";
    const body = contentType.startsWith("multipart/") ? "" : await request.clone().text();
    tell({ method, url, contentType, body });
    return handler(request);
  };
}
