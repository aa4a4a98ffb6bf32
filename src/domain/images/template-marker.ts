import { asInstanceName, type InstanceName, type Vmid } from "../ids.ts";
import { type Fields, readSignedLine, type Signer, signedLine, withSignedLine } from "../signed-line.ts";
import type { Instant } from "../time.ts";

export const imageSystems = ["linux", "windows"] as const;
export type ImageSystem = (typeof imageSystems)[number];

/** Where a template's disk came from, in words that do not change: a URL or a file with its checksum, or an adopted guest. */
export type ImageSource =
  | { readonly kind: "url"; readonly url: string; readonly checksum: string }
  | { readonly kind: "file"; readonly name: string; readonly checksum: string }
  | { readonly kind: "adopted"; readonly name: string };

/** What a template says of itself, in its description: generations and promotions live nowhere else. */
export interface TemplateMarker {
  /** Who built or adopted it. Any dispatcher with the same key may use it. */
  readonly instance: InstanceName;
  readonly family: string;
  /** Counts from 1 within the family. */
  readonly generation: number;
  readonly built: Instant;
  readonly source: ImageSource;
  /** Null: nobody knows. */
  readonly runnerVersion: string | null;
  readonly system: ImageSystem;
  /** When it became the one that new guests are cloned from; null: never. */
  readonly promoted: Instant | null;
}

export type ReadTemplate =
  | { readonly kind: "none" }
  | { readonly kind: "forged"; readonly instance: string }
  | { readonly kind: "valid"; readonly marker: TemplateMarker };

/** A family is named like a template: what a pool's `template` says. */
export const isFamilyName = (text: string): boolean => /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(text);

export function readTemplateMarker(description: string, vmid: Vmid, signer: Signer): ReadTemplate {
  const read = readSignedLine(description, vmid, signer);
  if (read.kind !== "signed") return read;
  const marker = markerOf(read.fields);
  return marker === null ? { kind: "none" } : { kind: "valid", marker };
}

/** The description with this marker; its readable first line is written anew, lines that people added stay. */
export function withTemplateMarker(description: string, marker: TemplateMarker, vmid: Vmid, signer: Signer): string {
  const line = signedLine(
    {
      dispatcher: marker.instance,
      kind: "template",
      family: marker.family,
      generation: marker.generation,
      built: new Date(marker.built).toISOString(),
      source: marker.source,
      runner: marker.runnerVersion,
      system: marker.system,
      promoted: marker.promoted === null ? null : new Date(marker.promoted).toISOString(),
    },
    vmid,
    signer,
  );
  const words = wordsOf(marker);
  const rest = description.split("\n").filter((text) => !isOurWords(text));
  const kept = withSignedLine(rest.join("\n"), line);
  if (kept !== null) return `${words}\n${kept}`;
  const own = rest.join("\n").trim();
  return own === "" ? `${words}\n${line}` : `${words}\n${own}\n${line}`;
}

const opening = "Template of dispatcher: ";
const isOurWords = (text: string): boolean => text.startsWith(opening);

function wordsOf({ family, generation, built, source, runnerVersion, promoted }: TemplateMarker): string {
  const runner = runnerVersion === null ? "runner of unknown version" : `runner ${runnerVersion}`;
  const state = promoted === null ? "not promoted" : `promoted ${new Date(promoted).toISOString()}`;
  const day = new Date(built).toISOString().slice(0, 10);
  return `${opening}${family}, generation ${generation}, ${day}, ${runner}, from ${spellSource(source)}; ${state}.`;
}

export function spellSource(source: ImageSource): string {
  return source.kind === "url" ? source.url : source.kind === "file" ? `file ${source.name}` : `guest ${source.name}`;
}

function markerOf(fields: Fields): TemplateMarker | null {
  const { dispatcher, kind, family, generation, runner, system } = fields;
  if (kind !== "template" || typeof dispatcher !== "string" || typeof family !== "string") return null;
  if (typeof generation !== "number" || (runner !== null && typeof runner !== "string")) return null;
  const knownSystem = imageSystems.find((known) => known === system);
  const source = sourceOf(fields.source);
  const built = Date.parse(String(fields.built));
  const promoted = fields.promoted === null ? null : Date.parse(String(fields.promoted));
  if (knownSystem === undefined || source === null || Number.isNaN(built) || Number.isNaN(promoted)) return null;
  const instance = asInstanceName(dispatcher);
  return { instance, family, generation, built, source, runnerVersion: runner, system: knownSystem, promoted };
}

/** Also of a marker of a build. */
export function sourceOf(value: unknown): ImageSource | null {
  if (typeof value !== "object" || value === null) return null;
  const { kind, url, name, checksum } = value as Fields;
  if (kind === "url" && typeof url === "string" && typeof checksum === "string") return { kind, url, checksum };
  if (kind === "file" && typeof name === "string" && typeof checksum === "string") return { kind, name, checksum };
  return kind === "adopted" && typeof name === "string" ? { kind, name } : null;
}
