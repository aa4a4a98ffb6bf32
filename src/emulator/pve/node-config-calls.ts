import { createHash } from "node:crypto";
import { aText, maybe, oneOf } from "./formats.ts";
import type { Parameters } from "./parameters.ts";
import { failed } from "./refusal.ts";
import type { Route } from "./router.ts";

const acme = Array.from({ length: 6 }, (_, n) => `acmedomain${n}`);
const settings: Parameters = {
  acme: maybe(aText),
  ...Object.fromEntries(acme.map((name) => [name, maybe(aText)])),
  "ballooning-target": maybe({ type: "integer", minimum: 0, maximum: 100 }),
  description: maybe({ type: "string", maxLength: 65536 }),
  location: { ...maybe(aText), only: "9.2" },
  "startall-onboot-delay": maybe({ type: "integer", minimum: 0, maximum: 300 }),
  wakeonlan: maybe(aText),
};

const path = "/nodes/{node}/config";

export const nodeConfigCalls: readonly Route[] = [
  {
    method: "GET",
    path,
    call: "node.config.read",
    parameters: { property: maybe(oneOf("all", ...Object.keys(settings))) },
    needs: () => ["/", "Sys.Audit"],
    answer: ({ state, node, values }) => {
      const config = state.nodeConfigs.get(node) ?? new Map();
      const only = values.text("property") ?? "all";
      const shown = [...config].filter(([name]) => only === "all" || name === only);
      return { data: { ...Object.fromEntries(shown), ...(config.size === 0 ? {} : { digest: digestOf(config) }) } };
    },
  },
  {
    method: "PUT",
    path,
    call: "node.config",
    parameters: {
      ...settings,
      delete: maybe({ type: "string", list: true }),
      digest: maybe({ type: "string", maxLength: 40 }),
    },
    needs: () => ["/", "Sys.Modify"],
    answer: ({ state, node, values }) => {
      const config = new Map(state.nodeConfigs.get(node) ?? []);
      const digest = values.text("digest");
      if (digest !== undefined && digest !== digestOf(config)) {
        throw failed("detected modified configuration - file changed by other user? Try again.");
      }
      for (const name of (values.text("delete") ?? "").split(/[,;\s]+/)) config.delete(name);
      for (const [name, value] of values.entries()) {
        if (!Object.hasOwn(settings, name)) continue;
        config.set(name, name === "description" ? `${String(value).trimEnd()}\n` : value);
      }
      state.nodeConfigs.set(node, config);
      return { data: null };
    },
  },
];

const digestOf = (config: ReadonlyMap<string, string | number>): string =>
  createHash("sha1")
    .update(JSON.stringify([...config].sort(([a], [b]) => a.localeCompare(b))))
    .digest("hex");
