import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const root = join(import.meta.dirname, "../../..");

export const linuxImages = ["ubuntu-2204", "ubuntu-2404", "debian-13"] as const;
export const images = [...linuxImages, "windows-2022"] as const;

export const packerFolder = (image: string): string => join(root, "packer", image);
export const exampleOf = (image: string): string => join(packerFolder(image), `${image}.pkrvars.hcl.example`);
export const windowsFolder = join(root, "templates/windows");
export const imageFolder = join(root, "templates/image");

/** Paths below folders of the product, from its root. */
export function productFiles(...folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .sort(),
  );
}

export const atRoot = (path: string): string => join(root, path);
export const textOf = (path: string): string => readFileSync(atRoot(path), "utf8");
