import { z } from "zod";
import { hasCode } from "../domain/errors.ts";
import type { Reader } from "./reader.ts";

/** Asks for the one thing that every token may read and that costs nothing. */
export async function checkToken(reader: Reader, signal: AbortSignal): Promise<void> {
  const about = { what: "check the GitHub token", permission: "none: every valid token may do this" };
  try {
    await reader.get({ path: "/rate_limit", shape: z.unknown(), about }, signal);
  } catch (error) {
    // An Enterprise Server without rate limits answers so, after it has accepted the token.
    if (!hasCode(error, "not_found")) throw error;
  }
}
