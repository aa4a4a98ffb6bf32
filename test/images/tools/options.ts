import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A parsed HCL file, as far as it is looked at: names in quotes, blocks in lists. */
export interface Optioned {
  readonly source?: readonly Readonly<Record<string, Readonly<Record<string, Body>>>>[];
}

type Body = Readonly<Record<string, unknown>>;
type Known = Readonly<Record<string, string>>;

const { options, blocks } = JSON.parse(readFileSync(join(import.meta.dirname, "stand-in/options.json"), "utf8")) as {
  readonly options: Known;
  readonly blocks: Readonly<Record<string, { readonly options: Known }>>;
};

/** Where a source of the file says what the plugin's documentation does not list. */
export function unknownOptions({ source = [] }: Optioned): readonly string[] {
  return source.flatMap((one) =>
    Object.values(one).flatMap((named) =>
      Object.values(named).flatMap((body) =>
        Object.entries(body).flatMap(([name, value]) => {
          const block = blocks[name];
          if (block === undefined) return isKnown(name, options) ? [] : [name];
          const bodies = (Array.isArray(value) ? value : [value]) as readonly Body[];
          return bodies.flatMap((inner) => Object.keys(inner).filter((key) => !isKnown(key, block.options)));
        }),
      ),
    ),
  );
}

/** The parser adds what begins with two underscores. */
const isKnown = (name: string, known: Known): boolean => name in known || name.startsWith("__");
