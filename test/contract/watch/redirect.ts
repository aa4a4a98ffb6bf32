import type { InitializeHook, LoadHook, ResolveHook } from "node:module";

/** Where the client hands requests over, by file: the watched function of the same name stands in front of each. */
const handovers: Readonly<Record<string, string>> = {
  "src/proxmox/http.ts": "createHttp",
  "src/proxmox/websocket.ts": "connect",
  "src/proxmox/setup/access.ts": "fetchWithTicket",
};

const root = new URL("../../../", import.meta.url).href;
const watched = new URL("watched.ts", import.meta.url).href;
let to = "";

export const initialize: InitializeHook<{ to: string }> = (data) => {
  to = data.to;
};

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context);
  const file = found.url.replace(root, "");
  return handovers[file] === undefined ? found : { ...found, url: `${found.url}?watched`, format: "module" };
};

/** The file with one of its functions exchanged. */
export const load: LoadHook = async (url, context, next) => {
  const [file = "", query] = url.split("?");
  const name = handovers[file.replace(root, "")];
  if (query !== "watched" || name === undefined) return next(url, context);
  const real = JSON.stringify(`${file}?real`);
  const source = [
    `import { ${name} as real } from ${real};`,
    `import { ${name} as watched } from ${JSON.stringify(watched)};`,
    `export * from ${real};`,
    `export const ${name} = watched(real, ${JSON.stringify(to)});`,
  ].join("\n");
  return { format: "module", source, shortCircuit: true };
};
