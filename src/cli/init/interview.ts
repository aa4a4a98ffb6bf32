import type { Reader } from "../../config/read.ts";
import type { Secret } from "../../domain/secret.ts";

/** One thing to know. `key` names it in a file of answers. */
export interface Question<T> {
  readonly key: QuestionKey;
  readonly what: string;
  readonly reader: Reader<T>;
  /** Taken where nothing is answered. Null: an answer is needed. */
  readonly fallback: string | null;
  /** What was found, for a person to choose from. */
  readonly found?: readonly string[];
}

export interface SecretQuestion {
  readonly key: SecretKey;
  readonly what: string;
  /** The environment's variables that may hold it, where the answers name no file. */
  readonly variables: readonly string[];
  readonly needed: boolean;
}

/** Who answers: a person at a terminal, or a file. Null: no usable answer, and `problems` says why. */
export interface Interview {
  readonly problems: readonly string[];
  tell(line: string): void;
  /** What only the answers together show. */
  object(problem: string): void;
  ask<T>(question: Question<T>): Promise<T | null>;
  askSecret(question: SecretQuestion): Promise<Secret | null>;
}

export const questionKeys = [
  "proxmox_url",
  "proxmox_trust",
  "proxmox_admin",
  "proxmox_token_id",
  "nodes",
  "template",
  "build_template",
  "build_image",
  "build_runner",
  "bridge",
  "seed_storage",
  "seed_path",
  "resource_pool",
  "vmids",
  "guest_agent",
  "github_api_url",
  "organisation",
  "repositories",
  "runner_group",
  "labels",
  "max_runners",
  "listen",
] as const;
export type QuestionKey = (typeof questionKeys)[number];

export const secretKeys = ["proxmox_admin_secret", "proxmox_token_secret", "github_token"] as const;
export type SecretKey = (typeof secretKeys)[number];
