import { bad, good, type Reader } from "../../config/read.ts";
import { quote } from "../../config/readers.ts";
import type { Interview } from "./interview.ts";

/** What a template is built from. */
export interface BuildSource {
  /** Null: what the distribution publishes. A path, or an address with its checksum. */
  readonly image: { readonly path: string } | { readonly url: string; readonly sha256: string } | null;
  /** Null: the newest that GitHub publishes. */
  readonly runner: { readonly version: string; readonly sha256: string } | null;
}

export const asPublished: BuildSource = { image: null, runner: null };

/** Where the web is out of reach, or somebody wants to know beforehand what he gets. Null: an answer cannot be used. */
export async function askBuilding(interview: Interview): Promise<BuildSource | null> {
  const image = await interview.ask({
    key: "build_image",
    what: "the cloud image to build it from: published, a file here (.qcow2, .raw), or an address and, behind a space, its SHA-256",
    reader: imageSource,
    fallback: published,
  });
  const runner = await interview.ask({
    key: "build_runner",
    what: "the runner in it: newest, or a version and, behind a space, the SHA-256 of its archive",
    reader: runnerRelease,
    fallback: newest,
  });
  return image === null || runner === null ? null : { image: image.value, runner: runner.value };
}

const published = "published";
const newest = "newest";

/** Null would stand for no answer. */
type Wrapped<T> = { readonly value: T };

const imageSource: Reader<Wrapped<BuildSource["image"]>> = (text) => {
  if (text === published) return good({ value: null });
  if (!/^https?:/.test(text)) return good({ value: { path: text } });
  const [, url, sha256] = /^(\S+)\s+([\da-f]{64})$/.exec(text) ?? [];
  return url === undefined || sha256 === undefined
    ? bad(`${quote(text)}: write the SHA-256 of the image behind its address, 64 hex digits`)
    : good({ value: { url, sha256 } });
};

const runnerRelease: Reader<Wrapped<BuildSource["runner"]>> = (text) => {
  if (text === newest) return good({ value: null });
  const [, version, sha256] = /^(\d+\.\d+\.\d+)\s+([\da-f]{64})$/.exec(text) ?? [];
  return version === undefined || sha256 === undefined
    ? bad(`${quote(text)} is neither newest nor a version like 2.336.0 with 64 hex digits behind it`)
    : good({ value: { version, sha256 } });
};
