/** How the dispatcher that runs was installed, which decides who may replace it. */
export type Installation =
  | { readonly kind: "releases"; readonly home: string; readonly version: string }
  | { readonly kind: "package" }
  | { readonly kind: "checkout"; readonly folder: string };

/** `program` is the path of `dist/main.js` without links. */
export function installationOf(program: string): Installation {
  const [, home, version] = /^(.+)\/releases\/([^/]+)\/dist\/main\.js$/.exec(program) ?? [];
  if (home !== undefined && version !== undefined) return { kind: "releases", home, version };
  if (program.startsWith("/usr/lib/")) return { kind: "package" };
  return { kind: "checkout", folder: program.replace(/\/(dist|src)\/main\.[jt]s$/, "") };
}
