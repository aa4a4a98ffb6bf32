import { Secret } from "../../src/domain/secret.ts";
import type { UserDataTemplate, UserDataValues } from "../../src/guest/template-values.ts";

export const jitConfig = "eyJydW5uZXIiOiJqaXQifQ==";
export const token = "AABF3JGZDX3P5PMEXLND6TS6FCWO6";

const common = {
  runnerName: "ci-abcdefghij",
  runnerLabels: ["self-hosted", "linux", "dispatcher-lab"],
  repoUrl: "https://github.com/octo-org/octo-repo",
  runnerUser: "ci",
  hardLifetimeSeconds: 3_600,
};

export const withJit: UserDataValues = { ...common, credential: { kind: "jit", config: new Secret(jitConfig) } };
export const withToken: UserDataValues = { ...common, credential: { kind: "token", token: new Secret(token) } };

/** Two templates at places of their own; the ending tells their kind. */
export const old = (text: string): UserDataTemplate => ({ path: "/etc/old.pkrtpl", text });
export const modern = (text: string): UserDataTemplate => ({ path: "/etc/new.yaml.ejs", text });
