import { readFileSync } from "node:fs";
import { withoutContent } from "../../src/emulator/record.ts";
import { contractFile } from "../contracts.ts";
import { judge, type Property } from "./judge.ts";
import { readUpload } from "./upload.ts";

interface SchemaNode {
  readonly path: string;
  readonly info?: Readonly<Record<string, { parameters?: { properties?: Readonly<Record<string, Property>> } }>>;
  readonly children?: readonly SchemaNode[];
}

/** Judges requests by the official schema of one generation. */
export function schemaOf(generation: string) {
  const nodes = flat(JSON.parse(readFileSync(contractFile(`pve-api-${generation}.json`), "utf8")));
  const callOf = (method: string, url: URL): { path: string; found: SchemaNode | undefined } => {
    const path = url.pathname.replace(/^.*?\/api2\/json/, "");
    return { path, found: nodes.find((n) => n.info?.[method] !== undefined && patternOf(n.path).test(path)) };
  };
  return {
    /** Method and path as the schema spells them. */
    nameOf: (method: string, url: URL): string => `${method} ${callOf(method, url).found?.path ?? url.pathname}`,

    /** What is wrong with a request; nothing when it is one that PVE knows. An upload's file may be left out. */
    violations(method: string, url: URL, body: unknown, contentType: string): readonly string[] {
      const { path, found } = callOf(method, url);
      if (found === undefined) return [`${method} ${path}: no such call`];
      const properties = found.info?.[method]?.parameters?.properties ?? {};
      const text = body instanceof Uint8Array ? withoutContent(body) : String(body ?? "");
      const { fields, complaints } = /^multipart\//.test(contentType)
        ? readUpload(contentType, text)
        : { fields: [...new URLSearchParams(text)], complaints: [] };
      const given = [...url.searchParams, ...fields, ...namesIn(found.path, path)];
      const names = new Set(given.map(([name]) => name));
      const missing = Object.entries(properties).filter(
        ([name, p]) => p.optional !== 1 && !/\[n\]/.test(name) && !names.has(name),
      );
      const call = `${method} ${found.path}`;
      return [
        ...complaints.map((complaint) => `${call}: upload: ${complaint}`),
        ...missing.map(([name]) => `${call}: ${name} is missing`),
        ...given.flatMap(([name, value]) => {
          const property = properties[name] ?? properties[name.replace(/\d+$/, "[n]")];
          if (property === undefined) return [`${call}: ${name} is unknown`];
          if (property.requires !== undefined && !names.has(property.requires)) {
            return [`${call}: ${name} without ${property.requires}`];
          }
          const why = judge(value, property);
          return why === null ? [] : [`${call}: ${name} = ${value}: ${why}`];
        }),
      ];
    },
  };
}

const flat = (nodes: readonly SchemaNode[]): SchemaNode[] => nodes.flatMap((n) => [n, ...flat(n.children ?? [])]);
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/\{volume\}/, ".+").replace(/\{\w+\}/g, "[^/]+")}$`);

function namesIn(path: string, given: string): readonly (readonly [string, string])[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  const values = new RegExp(`^${path.replace(/\{volume\}/, "(.+)").replace(/\{\w+\}/g, "([^/]+)")}$`).exec(given) ?? [];
  return names.map((name, at) => [name, decodeURIComponent(values[at + 1] ?? "")] as const);
}
