import { Buffer } from "node:buffer";
import type { Runner } from "./state.ts";

/** What a registration leaves in the runner's folder, by file name. */
export interface RunnerFiles {
  readonly ".runner": string;
  readonly ".credentials": string;
  readonly ".credentials_rsaparams": string;
}

/** What proves who a runner is. */
export interface Proof {
  readonly clientId: string;
  readonly key: string;
}

/** The key material is synthetic: the same shape, and as hard to guess, but no key pair. */
export function filesOf(runner: Runner, url: string): RunnerFiles {
  const { clientId, key } = runner.credential;
  return {
    ".runner": JSON.stringify({
      AgentId: String(runner.id),
      AgentName: runner.name,
      PoolId: String(runner.group.id),
      PoolName: runner.group.name,
      ServerUrl: "https://pipelines.actions.githubusercontent.com/emulated/",
      GitHubUrl: url,
      WorkFolder: "_work",
      Ephemeral: String(runner.ephemeral),
      DisableUpdate: "false",
      UseV2Flow: "true",
      ServerUrlV2: "https://broker.actions.githubusercontent.com/",
    }),
    ".credentials": JSON.stringify({
      Scheme: "OAuth",
      Data: {
        clientId,
        authorizationUrl: `https://pipelines.actions.githubusercontent.com/_apis/oauth2/token/${clientId}`,
        requireFipsCryptography: "True",
      },
    }),
    ".credentials_rsaparams": JSON.stringify({
      d: key,
      dp: `dp-${key}`,
      dq: `dq-${key}`,
      exponent: "AQAB",
      inverseQ: `iq-${key}`,
      modulus: `n-${clientId}`,
      p: `p-${key}`,
      q: `q-${key}`,
    }),
  };
}

export function encodeJitConfig(files: RunnerFiles): string {
  const encoded = Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString("base64")]);
  return Buffer.from(JSON.stringify(Object.fromEntries(encoded))).toString("base64");
}

/** Null for anything that is not a whole JIT config. */
export function decodeJitConfig(config: string): RunnerFiles | null {
  const outer = fieldsIn(Buffer.from(config.trim(), "base64").toString());
  const file = (name: string): string | null =>
    typeof outer?.[name] === "string" ? Buffer.from(outer[name], "base64").toString() : null;
  const runner = file(".runner");
  const credentials = file(".credentials");
  const parameters = file(".credentials_rsaparams");
  if (runner === null || credentials === null || parameters === null) return null;
  return { ".runner": runner, ".credentials": credentials, ".credentials_rsaparams": parameters };
}

export function proofIn(files: RunnerFiles): Proof | null {
  const data = fieldsIn(files[".credentials"])?.Data;
  const clientId = typeof data === "object" && data !== null && "clientId" in data ? data.clientId : null;
  const key = fieldsIn(files[".credentials_rsaparams"])?.d;
  return typeof clientId === "string" && typeof key === "string" ? { clientId, key } : null;
}

function fieldsIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
