import { readUpload, type UploadedFile } from "./multipart.ts";
import type { RawParameters } from "./parameters.ts";
import { Refusal } from "./refusal.ts";

/** Where PVE's own daemon reports these, it names its source: clients only see the start of the text. */
const daemon = "at /usr/share/perl5/PVE/APIServer/AnyEvent.pm";
const largest = 512 * 1024;

const plain = (status: number, message: string): Refusal => new Refusal(status, message, { body: "text" });

export interface Input {
  readonly raw: RawParameters;
  readonly file: UploadedFile | null;
}

/** Parameters come in the query and in the body, as a form, as JSON, or as an upload. */
export async function readInput(request: Request, url: URL): Promise<Input> {
  const raw = new Map<string, unknown>();
  if (url.search !== "") gather(raw, url.searchParams);
  if (request.method === "GET" || request.body === null) return { raw, file: null };
  const type = request.headers.get("content-type") ?? "";
  if (/^multipart\/form-data/i.test(type)) {
    const upload = readUpload(new Uint8Array(await request.arrayBuffer()), type);
    for (const [name, value] of upload.fields) raw.set(name, value);
    return { raw, file: upload.file };
  }
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > largest) throw plain(501, "for data too large");
  const text = new TextDecoder().decode(bytes);
  if (/^application\/json/i.test(type)) {
    for (const [name, value] of Object.entries(parseJson(text))) raw.set(name, value);
  } else {
    gather(raw, new URLSearchParams(text));
  }
  return { raw, file: null };
}

/** What the proxy refuses before it looks at who is asking. */
export function refuseEarly(request: Request): void {
  const { method } = request;
  if (!["GET", "POST", "PUT", "DELETE"].includes(method)) {
    throw new Refusal(501, `method '${method}' not available`, { body: "empty" });
  }
  if (method === "GET" || request.body === null) return;
  if (method === "DELETE") throw plain(501, "Unexpected content for method 'DELETE'");
  const type = request.headers.get("content-type") ?? "";
  if (type === "" || /^(application\/(json|x-www-form-urlencoded)|multipart\/form-data)/i.test(type)) return;
  throw plain(506, `upload 'Content-Type '${type}' not implemented`);
}

function gather(into: Map<string, unknown>, pairs: URLSearchParams): void {
  for (const name of new Set(pairs.keys())) {
    const values = pairs.getAll(name);
    into.set(name, values.length === 1 ? values[0] : values);
  }
}

function parseJson(text: string): Record<string, unknown> {
  const complain = (): Refusal => plain(500, `${complaintOf(text)} ${daemon} line 917.`);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    throw complain();
  }
  throw complain();
}

/** In the words of Perl's parser, as far as the first word goes. */
function complaintOf(text: string): string {
  const inside = /^\s*\{\s*/.exec(text)?.[0].length ?? 0;
  const isOpen = inside > 0 && !/^["}]/.test(text.slice(inside));
  const at = isOpen ? inside : (/^\s*/.exec(text)?.[0].length ?? 0);
  const rest = text.slice(at) === "" ? "(end of string)" : text.slice(at);
  const what = isOpen ? "'\"' expected" : "malformed JSON string, neither tag, array, object, number, string or atom";
  return `${what}, at character offset ${at} (before "${rest}")`;
}
