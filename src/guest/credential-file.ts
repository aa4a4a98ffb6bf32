import { DispatcherError } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import type { UserDataCredential, UserDataValues } from "./template-values.ts";

/** What run-once reads, brought by cloud-init or by the guest agent: lines `name=value`, without any quoting. */
export function credentialFile(values: UserDataValues): Secret {
  const { credential, hardLifetimeSeconds } = values;
  const lines = {
    kind: credential.kind,
    credential: revealed(credential),
    seconds: String(hardLifetimeSeconds + longestWaitSeconds),
    url: values.repoUrl,
    name: values.runnerName,
    user: values.runnerUser,
    ...(credential.kind === "token" ? { labels: values.runnerLabels.join(",") } : {}),
  };
  return new Secret(Object.entries(lines).map(line).join(""));
}

/** The hard lifetime begins with a job, and a runner may wait up to a day for one. */
const longestWaitSeconds = 86_400;

const revealed = (credential: UserDataCredential): string =>
  credential.kind === "jit" ? credential.config.reveal() : credential.token.reveal();

/** A second line would be read as another name's value. */
function line([name, value]: readonly [string, string]): string {
  if (/[\n\r\0]/.test(value)) {
    throw new DispatcherError("invalid", `credential file ${name}: its value has more than one line`);
  }
  return `${name}=${value}\n`;
}
