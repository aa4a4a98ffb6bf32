import { readFileSync } from "node:fs";
import { contractFile } from "../contracts.ts";

interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly optional?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: unknown;
}

interface SchemaNode {
  readonly path: string;
  readonly info?: Readonly<Record<string, { parameters?: { properties?: Readonly<Record<string, Property>> } }>>;
  readonly children?: readonly SchemaNode[];
}

/** Judges requests by the official schema of one generation. */
export function schemaOf(generation: string) {
  const nodes = flat(JSON.parse(readFileSync(contractFile(`pve-api-${generation}.json`), "utf8")));
  return {
    /** What is wrong with a request; nothing when it is one that PVE knows. */
    violations(method: string, url: URL, body: unknown, contentType: string): readonly string[] {
      const path = url.pathname.replace(/^\/api2\/json/, "");
      const found = nodes.find((n) => n.info?.[method] !== undefined && patternOf(n.path).test(path));
      if (found === undefined) return [`${method} ${path}: no such call`];
      const properties = found.info?.[method]?.parameters?.properties ?? {};
      // An upload is built by hand: its own tests hold it.
      const form = /multipart/.test(contentType) ? "" : String(body ?? "");
      const given = [...url.searchParams, ...new URLSearchParams(form), ...namesIn(found.path, path)];
      const names = new Set(given.map(([name]) => name));
      const missing = Object.entries(properties).filter(
        ([name, p]) => p.optional !== 1 && !/\[n\]/.test(name) && !names.has(name),
      );
      const call = `${method} ${found.path}`;
      return [
        ...(form === "" && /multipart/.test(contentType) ? [] : missing.map(([name]) => `${call}: ${name} is missing`)),
        ...given.flatMap(([name, value]) => {
          const property = properties[name] ?? properties[name.replace(/\d+$/, "[n]")];
          if (property === undefined) return [`${call}: ${name} is unknown`];
          const why = judge(value, property);
          return why === null ? [] : [`${call}: ${name} = ${value}: ${why}`];
        }),
      ];
    },
  };
}

function judge(value: string, property: Property): string | null {
  const { type, enum: words, minimum, maximum, maxLength, pattern, format } = property;
  if (type === "boolean" && !/^[01]$/.test(value)) return "not 0 or 1";
  if (type === "integer" && !/^-?\d+$/.test(value)) return "not an integer";
  if (type === "number" && !/^-?\d+(\.\d+)?$/.test(value)) return "not a number";
  if (words !== undefined && !words.includes(value)) return `not one of ${words.join(", ")}`;
  if (minimum !== undefined && Number(value) < minimum) return `below ${minimum}`;
  if (maximum !== undefined && Number(value) > maximum) return `above ${maximum}`;
  if (maxLength !== undefined && [...value].length > maxLength) return `longer than ${maxLength}`;
  // Perl's own notation is not always JavaScript's.
  if (pattern !== undefined && !/\(\?[\^<]|\\[AzZ]/.test(pattern) && !new RegExp(`^(?:${pattern})$`).test(value)) {
    return `does not match ${pattern}`;
  }
  const form = typeof format === "string" ? formats[format] : undefined;
  return form === undefined || form.test(value) ? null : `not of the format ${String(format)}`;
}

const formats: Readonly<Record<string, RegExp>> = {
  "pve-vmid": /^[1-9]\d{2,8}$/,
  "pve-node": /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/,
  "pve-storage-id": /^[a-zA-Z][a-zA-Z0-9._-]*[a-zA-Z0-9]$/,
  "pve-poolid": /^[A-Za-z0-9._/-]+$/,
  "pve-configid": /^[a-zA-Z][a-zA-Z0-9_-]+$/,
  "dns-name": /^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/,
};

const flat = (nodes: readonly SchemaNode[]): SchemaNode[] => nodes.flatMap((n) => [n, ...flat(n.children ?? [])]);
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/\{volume\}/, ".+").replace(/\{\w+\}/g, "[^/]+")}$`);

function namesIn(path: string, given: string): readonly (readonly [string, string])[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  const values = new RegExp(`^${path.replace(/\{volume\}/, "(.+)").replace(/\{\w+\}/g, "([^/]+)")}$`).exec(given) ?? [];
  return names.map((name, at) => [name, decodeURIComponent(values[at + 1] ?? "")] as const);
}
