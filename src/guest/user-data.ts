import { hasCode } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import { checkUserData } from "./cloud-config.ts";
import { asksForDollar, renderDollars } from "./dollar-template.ts";
import { asksForEjs, renderEjs } from "./ejs-template.ts";
import { yamlQuoted } from "./quoting.ts";
import { templateError } from "./template-error.ts";
import type { UserDataCredential, UserDataTemplate, UserDataValues } from "./template-values.ts";

/** Files named `*.ejs` are ejs, all others are old templates. The result is known to be user-data. */
export function renderUserData(template: UserDataTemplate, values: UserDataValues): string {
  try {
    return render(template, values);
  } catch {
    throw withoutCredential(template, values);
  }
}

/** Such a template can only serve runners that register by token. */
export const usesToken = (text: string): boolean => asksFor(text, "registration_token");

/** Throws what would go wrong at each guest. */
export function checkTemplate(template: UserDataTemplate): void {
  for (const kind of kindsFor(template)) {
    const first = render(template, sample(kind, "first"));
    if (first !== render(template, sample(kind, "other"))) continue;
    throw templateError(
      template.path,
      `it never uses the ${kind === "jit" ? "JIT config" : "registration token"}, so that no runner could register`,
      "hand the credential to the runner (registration_token, jit_config, or credential in ejs)",
    );
  }
}

/** The other file of a NoCloud seed. cloud-init runs everything once for each new instance id. */
export const metaData = (values: { readonly instanceId: string; readonly hostname: string }): string =>
  `instance-id: ${yamlQuoted(values.instanceId)}\nlocal-hostname: ${yamlQuoted(values.hostname)}\n`;

function render(template: UserDataTemplate, values: UserDataValues): string {
  const text = isEjs(template) ? renderEjs(template, values) : renderDollars(template, values);
  checkUserData(template.path, text);
  return text;
}

const isEjs = (template: UserDataTemplate): boolean => template.path.endsWith(".ejs");

/** ejs and YAML may quote what they stumble over: so the error that is shown comes from a credential that is none. */
function withoutCredential(template: UserDataTemplate, values: UserDataValues): Error {
  try {
    render(template, { ...values, credential: sampleCredential(values.credential.kind, "first") });
  } catch (error) {
    if (hasCode(error, "invalid")) return error;
  }
  return templateError(
    template.path,
    "it fails with this runner's credential, though not with another (what it says is withheld, it may quote it)",
    "put the credential through yaml() or into quotes",
  );
}

const asksFor = (text: string, name: string): boolean => asksForDollar(text, name) || asksForEjs(text, name);

function kindsFor(template: UserDataTemplate): readonly UserDataCredential["kind"][] {
  if (usesToken(template.text)) return ["token"];
  if (!isEjs(template) || asksFor(template.text, "jit_config")) return ["jit"];
  return ["jit", "token"];
}

const sample = (kind: UserDataCredential["kind"], which: string): UserDataValues => ({
  runnerName: "runner-abcdefghij",
  runnerLabels: ["self-hosted", "linux", "x64"],
  repoUrl: "https://github.com/octo-org/octo-repo",
  runnerUser: "runner",
  credential: sampleCredential(kind, which),
  hardLifetimeSeconds: 86_400,
});

const sampleCredential = (kind: UserDataCredential["kind"], which: string): UserDataCredential =>
  kind === "jit"
    ? { kind, config: new Secret(`c2FtcGxl${which}`) }
    : { kind, token: new Secret(`SAMPLE${which.toUpperCase()}`) };
