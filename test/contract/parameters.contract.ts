import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { allRoutes } from "../../src/emulator/pve/answer.ts";
import type { Parameter } from "../../src/emulator/pve/parameters.ts";
import type { Route } from "../../src/emulator/pve/router.ts";
import { contractFile, withoutContracts } from "../contracts.ts";

interface Property {
  readonly type?: string;
  readonly optional?: number;
  readonly enum?: readonly string[] | null;
  readonly minimum?: number | string;
  readonly maximum?: number | string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}
interface Branch {
  readonly path: string;
  readonly info?: Readonly<
    Record<string, { readonly parameters?: { readonly properties?: Record<string, Property> } }>
  >;
  readonly children?: readonly Branch[];
}
type Generation = "8.4" | "9.2";

/** What is known to be judged otherwise, and why that does not matter. */
const excused: readonly RegExp[] = [
  // Of the storages' types only the directory is emulated.
  /^(GET|POST|PUT) \/storage\b.* (unknown|format:|delete:|type: enumeration)/,
  // The upload's file gives it, under the name that the daemon itself adds.
  /^POST \S+\/upload .*(tmpfilename|filename: optional)/,
  // The format of a VMID says the same.
  /\b(vmid|newid): (minimum|maximum)/,
  // No network of a software-defined kind is emulated.
  /^GET \S+\/network type: enumeration/,
  // The trials say so, the schema does not.
  /\bpid: minimum/,
  /\/clone description: maxLength/,
  /^GET \S+\/config property: enumeration/,
  /^GET \/access\/permissions userid: pattern/,
];

for (const generation of ["8.4", "9.2"] as const) {
  test(`every call of the emulator takes the parameters that PVE ${generation} takes`, {
    skip: withoutContracts,
  }, () => {
    const schema = new Map<string, Branch>();
    const walk = (branches: readonly Branch[]): void => {
      for (const branch of branches) {
        schema.set(branch.path, branch);
        walk(branch.children ?? []);
      }
    };
    walk(JSON.parse(readFileSync(contractFile(`pve-api-${generation}.json`), "utf8")) as Branch[]);
    const odds = allRoutes.flatMap((route) => oddsOf(route, schema, generation));
    assert.deepEqual(
      odds.filter((odd) => !excused.some((known) => known.test(odd))),
      [],
    );
  });
}

function oddsOf(route: Route, schema: ReadonlyMap<string, Branch>, generation: Generation): readonly string[] {
  const path = route.path.replace("*}", "}");
  const call = `${route.method} ${path}`;
  const info = schema.get(path)?.info?.[route.method];
  if (info === undefined) return [`${call} is not in the schema`];
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const theirs = new Map(
    Object.entries(info.parameters?.properties ?? {}).map(([name, of]) => [name.replace("[n]", "0"), of]),
  );
  const ours = new Map(
    Object.entries(route.parameters ?? {}).filter(([, { only }]) => (only ?? generation) === generation),
  );
  const odds: string[] = [];
  for (const [name, property] of theirs) {
    const own = ours.get(name);
    if (own !== undefined) odds.push(...oddsIn(property, own, inPath.includes(name)).map((odd) => `${name}: ${odd}`));
    else if (!inPath.includes(name)) odds.push(`${name} is unknown`);
  }
  for (const name of ours.keys()) {
    if (!theirs.has(name) && !theirs.has(name.replace(/\d+$/, "0"))) odds.push(`${name} is unknown to PVE`);
  }
  return odds.map((odd) => `${call} ${odd}`);
}

function oddsIn(theirs: Property, ours: Parameter, inPath: boolean): readonly string[] {
  const odds: string[] = [];
  if (!inPath && (theirs.optional === 1) !== (ours.optional === true)) odds.push("optional or not");
  const type = (theirs.enum ?? null) === null ? theirs.type : "enum";
  if (type !== ours.type && type !== "array") odds.push(`is a ${type}, not a ${ours.type}`);
  if (ours.type === "enum" && theirs.enum?.join() !== ours.values.join()) odds.push("enumeration differs");
  const own: Readonly<Record<string, unknown>> = ours;
  for (const limit of ["minimum", "maximum", "minLength", "maxLength"] as const) {
    const [their, our] = [theirs[limit], own[limit]];
    if ((their === undefined ? undefined : Number(their)) !== our) odds.push(`${limit} is ${their}, not ${our}`);
  }
  if ((theirs.pattern === undefined) !== (own.pattern === undefined && own.format === undefined)) {
    if (theirs.pattern !== undefined || own.pattern !== undefined) odds.push("pattern on one side only");
  }
  return odds;
}
