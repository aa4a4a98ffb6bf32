import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withTables } from "./permission-tables.ts";

/** `npx tsx test/docs/write.ts` puts the roles in code into docs/permissions.md. */
const path = join(import.meta.dirname, "../../docs/permissions.md");
writeFileSync(path, withTables(readFileSync(path, "utf8")));
