import { existsSync } from "node:fs";
import { join } from "node:path";

const tools = ["qemu-system-x86_64", "qemu-img", "mmdebstrap", "genisoimage"] as const;

/** For `skip`. With REQUIRE_TOOLS=1 the tests run, and fail where something is missing. */
export function toolsMissing(): string | false {
  if (process.env.REQUIRE_TOOLS === "1") return false;
  const folders = (process.env.PATH ?? "").split(":");
  const missing = tools.filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  return missing.length > 0 && `${missing.join(", ")} not installed here`;
}
