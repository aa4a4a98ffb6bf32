// Writes into the built folder which commit it was built from: the program itself never asks git.
// usage: node scripts/stamp.mjs [dist]
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder = "dist"] = process.argv.slice(2);
writeFileSync(join(folder, "build.json"), `${JSON.stringify({ commit: process.env.COMMIT ?? head() })}\n`);

function head() {
  try {
    const commit = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const changes = execFileSync("git", ["status", "--porcelain", "--untracked-files=no"], { encoding: "utf8" });
    return commit.trim().slice(0, 12) + (changes === "" ? "" : "+changes");
  } catch {
    return "unknown";
  }
}
