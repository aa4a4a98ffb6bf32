import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ImageFiles, readImageFiles } from "../../src/guest/image-files.ts";
import type { UserDataTemplate } from "../../src/guest/template-values.ts";

const folder = fileURLToPath(new URL("../../templates/", import.meta.url));

const read = (path: string): string | null => (existsSync(path) ? readFileSync(path, "utf8") : null);

export const imageFiles: ImageFiles = readImageFiles((name) => read(`${folder}image/${name}`));

/** A template of the product's own, by its file name. */
export function shipped(name: string): UserDataTemplate {
  const path = `${folder}${name}`;
  return { path, text: readFileSync(path, "utf8"), image: imageFiles };
}
