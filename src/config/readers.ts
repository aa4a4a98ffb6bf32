import { nearest } from "../domain/nearest.ts";
import { HOUR, MINUTE, type Ms, SECOND } from "../domain/time.ts";
import { bad, good, type Read, type Reader } from "./read.ts";

export function wholeNumber(limits: { readonly least: number; readonly most: number }): Reader<number> {
  const { least, most } = limits;
  return (text) => {
    if (!/^[+-]?\d+$/.test(text)) return bad(`${quote(text)} is not a whole number`);
    const value = Number(text);
    if (value < least) return bad(`${text} is too small; the least is ${least}`);
    return value > most ? bad(`${text} is too large; the most is ${most}`) : good(value);
  };
}

/** `90s`, `15m`, `24h`, `2d`. */
export const duration: Reader<Ms> = (text) => {
  const match = /^(\d+)\s*([smhd])$/.exec(text);
  const unit = match?.[2];
  if (match === null || unit === undefined) return bad(`${quote(text)} is no duration; write it like 90s, 15m or 24h`);
  const value = Number(match[1]) * (unitOfTime[unit] ?? 0);
  return value > 0 && value <= longestWait ? good(value) : bad(`${quote(text)} must be more than 0 and at most 30d`);
};

/** A bare number counts seconds. */
export const secondsOrDuration: Reader<Ms> = (text) => duration(/^\d+$/.test(text) ? `${text}s` : text);

/** A bare number counts MiB. */
export const mebibytes: Reader<number> = (text) => sized(text, { MiB: 1, GiB: 1024 }, { bare: "MiB", least: 16 });

/** A bare number counts GiB. */
export const gibibytes: Reader<number> = (text) => sized(text, { GiB: 1, TiB: 1024 }, { bare: "GiB", least: 1 });

export function oneOf<const T extends string>(choices: readonly T[]): Reader<T> {
  return (text) => {
    const found = choices.find((choice) => choice === text.toLowerCase());
    if (found !== undefined) return good(found);
    const meant = nearest(text, choices);
    const hint = meant === null ? "" : `; did you mean ${meant}?`;
    return bad(`${quote(text)} is none of ${choices.join(", ")}${hint}`);
  };
}

/** Text of one form. `what` completes the sentence `"x" is no …`. */
export function shaped<T>(form: RegExp, what: string, brand: (text: string) => T): Reader<T> {
  return (text) => (form.test(text) ? good(brand(text)) : bad(`${quote(text)} is no ${what}`));
}

/** Never a secret: those are not read by readers of text. */
export const quote = (text: string): string => JSON.stringify(text);

/** Items between commas; spaces around them and empty ones do not count. */
export const commaList = (text: string): readonly string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

const unitOfTime: Readonly<Record<string, Ms>> = { s: SECOND, m: MINUTE, h: HOUR, d: 24 * HOUR };
/** A timer beyond 2^31 ms fires at once, and no wait here is meant to be longer. */
const longestWait: Ms = 30 * 24 * HOUR;

function sized(
  text: string,
  units: Readonly<Record<string, number>>,
  rule: { readonly bare: string; readonly least: number },
): Read<number> {
  const match = /^(\d+)\s*([A-Za-z]*)$/.exec(text);
  const factor = units[match?.[2] || rule.bare];
  if (match === null || factor === undefined) {
    const examples = Object.keys(units).map((unit) => `8${unit}`);
    return bad(
      `${quote(text)} is no size; write a whole number of ${rule.bare}, or for example ${examples.join(", ")}`,
    );
  }
  const value = Number(match[1]) * factor;
  return value >= rule.least && value <= 2 ** 40
    ? good(value)
    : bad(`${quote(text)} is out of bounds; the least is ${rule.least} ${rule.bare}`);
}
