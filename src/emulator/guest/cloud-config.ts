import { parse, YAMLParseError } from "yaml";
import { z } from "zod";

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const command = z.union([z.string(), z.array(scalar)]);

const file = z.looseObject({
  path: z.string(),
  content: z.string().nullish(),
  owner: z.string().nullish(),
  /** Octal: text, or a number that YAML 1.1 has read as octal already. */
  permissions: z.union([z.string(), z.number()]).nullish(),
  encoding: z.string().nullish(),
  append: z.boolean().nullish(),
  defer: z.boolean().nullish(),
});

const user = z.union([z.string(), z.looseObject({ name: z.string() })]);

const cloudConfig = z.looseObject({
  hostname: z.string().nullish(),
  fqdn: z.string().nullish(),
  users: z.array(user).nullish(),
  write_files: z.array(file).nullish(),
  bootcmd: z.array(z.unknown()).nullish(),
  runcmd: z.array(z.unknown()).nullish(),
  power_state: z
    .looseObject({
      mode: z.enum(["poweroff", "halt", "reboot"]),
      condition: z.union([z.boolean(), z.string(), z.array(scalar)]).nullish(),
    })
    .nullish(),
});

export type CloudConfig = z.infer<typeof cloudConfig>;
export type ConfiguredFile = z.infer<typeof file>;

export type UserData =
  | { readonly kind: "config"; readonly config: CloudConfig }
  | { readonly kind: "script"; readonly text: string }
  | { readonly kind: "useless"; readonly why: string };

/** What cloud-init makes of user-data, which it never refuses aloud. */
export function readUserData(text: string): UserData {
  const start = text.trimStart();
  if (start.startsWith("#!")) return { kind: "script", text: start };
  if (start === "") return { kind: "useless", why: "it is empty" };
  if (!start.toLowerCase().startsWith("#cloud-config")) {
    return { kind: "useless", why: "it does not begin with #cloud-config" };
  }
  let value: unknown;
  try {
    // Cloud-init's parser speaks YAML 1.1 and lets the last of two equal keys win.
    value = parse(text, { version: "1.1", uniqueKeys: false, logLevel: "error" }) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError || error instanceof ReferenceError)) throw error;
    return { kind: "useless", why: `it is not YAML: ${error.message.split("\n")[0]}` };
  }
  const read = cloudConfig.safeParse(value);
  if (read.success) return { kind: "config", config: read.data };
  const [issue] = read.error.issues;
  return { kind: "useless", why: `${issue?.path.join(".") || "its top"}: ${issue?.message}` };
}

/** One script for a list of commands, as cloud-init makes it; null when an entry is neither text nor a list. */
export function scriptOf(commands: readonly unknown[]): string | null {
  const lines = commands.map((entry) => {
    const read = command.safeParse(entry);
    if (!read.success) return null;
    return typeof read.data === "string" ? read.data : read.data.map((word) => quote(String(word))).join(" ");
  });
  return lines.includes(null) ? null : `#!/bin/sh\n${lines.join("\n")}\n`;
}

/** A word that the shell leaves alone. */
export const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
