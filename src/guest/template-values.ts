import type { Secret } from "../domain/secret.ts";
import type { ImageFiles } from "./image-files.ts";

/** A file of the operator's. */
export interface UserDataTemplate {
  readonly path: string;
  readonly text: string;
  /** What it may take in with `image("…")`. */
  readonly image?: ImageFiles;
}

/** What lets the runner register: `Credential` of the engine fits. */
export type UserDataCredential =
  | { readonly kind: "jit"; readonly config: Secret }
  | { readonly kind: "token"; readonly token: Secret };

export interface UserDataValues {
  readonly runnerName: string;
  readonly runnerLabels: readonly string[];
  /** URL of the repository or organisation that the runner registers at. */
  readonly repoUrl: string;
  readonly runnerUser: string;
  readonly credential: UserDataCredential;
  readonly hardLifetimeSeconds: number;
}

/** The names that old templates know, and which of the two credentials is among them. */
export function plainValues(values: UserDataValues): ReadonlyMap<string, string> {
  return new Map([
    ["repo_url", values.repoUrl],
    credentialName(values.credential),
    ["runner_labels", values.runnerLabels.join(",")],
    ["runner_name", values.runnerName],
    ["runner_user", values.runnerUser],
  ]);
}

const credentialName = (credential: UserDataCredential): [string, string] =>
  credential.kind === "jit"
    ? ["jit_config", credential.config.reveal()]
    : ["registration_token", credential.token.reveal()];
