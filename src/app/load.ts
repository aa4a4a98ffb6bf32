import { dirname, join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Files } from "../config/files.ts";
import { loadConfig } from "../config/load.ts";
import { messageOf } from "../domain/errors.ts";
import { readImageFiles } from "../guest/image-files.ts";
import type { UserDataTemplate } from "../guest/template-values.ts";
import { checkTemplate } from "../guest/user-data.ts";
import type { TemplateTexts } from "./dispatcher.ts";
import { spellError } from "./logger.ts";

export type LoadedAll =
  | {
      readonly ok: true;
      readonly config: Config;
      readonly templates: TemplateTexts;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Configuration and user-data templates: all of it, or every problem at once. */
export function load(input: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: Files;
  readonly cwd: string;
  readonly builtinTemplate: string;
}): LoadedAll {
  const loaded = loadConfig(input);
  if (!loaded.ok) return loaded;
  const templates = new Map<string, UserDataTemplate>();
  const imageFolder = join(dirname(input.builtinTemplate), "image");
  const image = readImageFiles((name) => input.files.read(join(imageFolder, name)));
  const problems: string[] = [];
  for (const path of new Set(loaded.config.pools.map((pool) => pool.userDataTemplate))) {
    try {
      const template = { path, text: input.files.read(path) ?? "", image };
      checkTemplate(template);
      templates.set(path, template);
    } catch (error) {
      problems.push(error instanceof Error ? spellError(error) : messageOf(error));
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ...loaded, templates };
}
