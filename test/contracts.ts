import { existsSync } from "node:fs";
import { join } from "node:path";

const given = process.env.CONTRACTS_DIR ?? "";

/** Schemas and recordings lie in CONTRACTS_DIR itself or in the folders `contracts` and `transcripts` in or beside it. */
export function contractFile(name: string): string {
  const places = ["", "contracts", "transcripts", "../transcripts"].map((folder) => join(given, folder, name));
  return places.find((path) => existsSync(path)) ?? join(given, name);
}

/** Why the tests that need them are skipped; false where they are at hand. */
export const withoutContracts: string | false =
  given !== "" && existsSync(contractFile("github-openapi-subset.json"))
    ? false
    : "CONTRACTS_DIR is not set: the official schemas and recordings are not at hand";
