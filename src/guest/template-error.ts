import { DispatcherError } from "../domain/errors.ts";
import { nearest } from "../domain/nearest.ts";

/** All that can be wrong with a user-data template is the operator's to mend, in the file that is named. */
export const templateError = (path: string, cause: string, remedy: string): DispatcherError =>
  new DispatcherError("invalid", `user-data template ${path}: ${cause}`, { remedy });

interface NameUse {
  readonly path: string;
  readonly place: string;
  readonly name: string;
  readonly known: Iterable<string>;
  /** Another way out, added to the remedy. */
  readonly aside?: string;
}

/** A name that the template uses and nobody gave a value, with the way out. */
export function unknownName({ path, place, name, known, aside = "" }: NameUse): DispatcherError {
  const names = [...known];
  const otherMode = registrationOf(name);
  if (otherMode !== null) {
    return templateError(
      path,
      `${place} uses ${name}, but this runner registers by ${otherMode.instead}`,
      `set the pool's registration to ${otherMode.needs}, or let the template use ${otherMode.use}`,
    );
  }
  const meant = nearest(name, names);
  const hint = meant === null ? "" : `; did you mean ${meant}?`;
  return templateError(
    path,
    `${place} uses ${name}, which has no value here${hint}`,
    `use one of ${names.join(", ")}${aside}`,
  );
}

function registrationOf(name: string): { needs: string; instead: string; use: string } | null {
  if (name === "registration_token") return { needs: "token", instead: "JIT config", use: "jit_config" };
  if (name === "jit_config") return { needs: "jit", instead: "registration token", use: "registration_token" };
  return null;
}
