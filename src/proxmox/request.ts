import { DispatcherError } from "../domain/errors.ts";

export type Method = "GET" | "PUT" | "POST" | "DELETE";

/** A path below `/api2/json`, in parts that are still to be encoded: a volume's id holds slashes. */
export type Path = readonly (string | number)[];

export type Params = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;

/** As people read it: in messages and metrics. */
export const spellPath = (path: Path): string => `/${path.join("/")}`;

export function encodePath(path: Path): string {
  return path
    .map((part) => {
      const text = String(part);
      // A URL drops these, and the call would go to another path.
      if (text === "" || text === "." || text === "..") {
        throw new DispatcherError("invalid", `path ${spellPath(path)}: ${JSON.stringify(text)} is not a name`);
      }
      return encodeURIComponent(text);
    })
    .join("/");
}

/** Null and undefined are left out; PVE knows 0 and 1 for booleans, and a repeated key for lists. */
export function encodeParams(params: Params): string {
  const entries = Object.entries(params);
  if (entries.length === 0) return "";
  const form = new URLSearchParams();
  for (const [key, value] of entries) {
    if (value === null || value === undefined) continue;
    if (typeof value === "boolean") form.append(key, value ? "1" : "0");
    else if (typeof value === "object") for (const item of value) form.append(key, item);
    else form.append(key, String(value));
  }
  return form.toString();
}
