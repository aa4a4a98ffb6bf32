import { Bash } from "just-bash";

/**
 * Loads the interpreter's programs. Afterwards a guest's script takes no turn of the event loop but for the world's
 * time, so that a simulation which steps that time sees the same order in each run.
 */
export async function warmUp(): Promise<void> {
  const bash = new Bash({ defenseInDepth: false });
  for (const line of lines) await bash.exec(line);
}

const text = [
  "awk",
  "basename",
  "column",
  "cut",
  "dirname",
  "echo",
  "fold",
  "grep",
  "head",
  "jq",
  "printf",
  "rev",
  "sed",
];
const more = ["sort", "tail", "tee", "tr", "uniq", "wc", "xargs", "base64", "cat", "date", "env", "expr", "printenv"];
const files = ["chmod", "cp", "du", "file", "find", "gzip", "ln", "ls", "md5sum", "mkdir", "mv", "readlink", "rm"];
const others = ["rmdir", "seq", "sha256sum", "sleep", "stat", "tar", "touch", "true", "false", "which", "yes", "diff"];

const lines = [...text, ...more, ...files, ...others, "egrep", "fgrep", "gunzip", "nl", "od", "paste", "test"].map(
  (name) =>
    name === "sleep" || name === "yes" ? `/bin/${name} --help` : `echo a | /bin/${name} --help >/dev/null 2>&1`,
);
