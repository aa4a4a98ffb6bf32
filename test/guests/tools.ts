import { missingTools } from "../../src/emulator/qemu/base-image.ts";

/** For `skip`. With REQUIRE_TOOLS=1 the tests run, and fail where something is missing. */
export function toolsMissing(): string | false {
  if (process.env.REQUIRE_TOOLS === "1") return false;
  const missing = missingTools(process.env.PATH ?? "");
  return missing.length > 0 && `${missing.join(", ")} not installed here`;
}
