import { resolve } from "node:path";
import type { Files } from "../../config/files.ts";
import type { Read } from "../../config/read.ts";
import { parseYaml } from "../../config/yaml.ts";
import { nearest } from "../../domain/nearest.ts";
import { Secret } from "../../domain/secret.ts";
import { type Interview, type Question, questionKeys, type SecretQuestion, secretKeys } from "./interview.ts";

type Answers = ReadonlyMap<string, string>;

/** Everything is answered by a YAML file and the environment; nothing is asked, and no problem hides another. */
export class AnswersFile implements Interview {
  readonly problems: string[] = [];
  readonly #answers: Answers;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #files: Files;
  readonly #cwd: string;

  constructor(
    text: string,
    around: {
      readonly env: Readonly<Record<string, string | undefined>>;
      readonly files: Files;
      readonly cwd: string;
    },
  ) {
    this.#env = around.env;
    this.#files = around.files;
    this.#cwd = around.cwd;
    this.#answers = this.#read(parseYaml(text));
  }

  /** Helps to choose, and nobody does. */
  tell(): void {}

  object(problem: string): void {
    this.problems.push(problem);
  }

  async ask<T>({ key, what, reader, fallback, found }: Question<T>): Promise<T | null> {
    const text = this.#answers.get(key) ?? fallback;
    if (text === null) {
      const hint = found === undefined || found.length === 0 ? "" : `; there are ${found.join(", ")}`;
      this.object(`${key}: is missing: ${what}${hint}`);
      return null;
    }
    const read = reader(text);
    if (read.ok) return read.value;
    for (const problem of read.problems) this.object(`${key}: ${problem}`);
    return null;
  }

  async askSecret({ key, what, variables, needed }: SecretQuestion): Promise<Secret | null> {
    const ways = `name a file by ${key}_file, or set ${variables.join(" or ")}`;
    const variable = variables.find((name) => this.#env[name]?.trim());
    const path = this.#answers.get(`${key}_file`);
    if (path !== undefined) {
      const text = this.#files.read(resolve(this.#cwd, path))?.trim();
      if (text !== undefined && text !== "" && !/[\r\n]/.test(text)) return new Secret(text);
      const cause = text === undefined ? "no such file" : text === "" ? "is empty" : "holds several lines";
      this.object(`${key}_file: ${path}: ${cause}; write the secret there as one line`);
    } else if (variable !== undefined) return new Secret(this.#env[variable]?.trim() ?? "");
    else if (needed) this.object(`${key}: is missing: ${what}; ${ways}`);
    return null;
  }

  #read(parsed: Read<unknown>): Answers {
    const answers = new Map<string, string>();
    if (!parsed.ok) {
      this.problems.push(...parsed.problems);
      return answers;
    }
    const { value } = parsed;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.object("it must hold keys and values, for example proxmox_url: https://pve1.example:8006");
      return answers;
    }
    for (const [key, answer] of Object.entries(value)) {
      const text = textOf(answer);
      if (secretKeys.some((secret) => secret === key)) {
        // Whoever reads the answers could read it, and so can every backup of them.
        this.object(`${key}: a secret has no place here; write it into a file and name that by ${key}_file`);
      } else if (!known.includes(key)) {
        const meant = nearest(key, known);
        this.object(
          `${key}: unknown key; ${meant === null ? `known are ${known.join(", ")}` : `did you mean ${meant}?`}`,
        );
      } else if (text === null) this.object(`${key}: must be text, a number, yes or no, or a list of such`);
      else if (text !== "") answers.set(key, text);
    }
    return answers;
  }
}

const known: readonly string[] = [...questionKeys, ...secretKeys.map((key) => `${key}_file`)];

/** As a person would have typed it. An empty answer is none. */
function textOf(answer: unknown): string | null {
  if (answer === null) return "";
  if (typeof answer === "boolean") return answer ? "yes" : "no";
  if (typeof answer === "string" || typeof answer === "number") return String(answer).trim();
  if (!Array.isArray(answer)) return null;
  const items = answer.map(textOf);
  return items.every((item) => item !== null) ? items.join(",") : null;
}
