import { badParameters } from "./refusal.ts";
import type { PveSpec } from "./spec.ts";

/** Why a text is not of the format; null when it is. */
export type Format = (value: string) => string | null;

export type Parameter = {
  readonly optional?: boolean;
  /** The one generation that knows it. */
  readonly only?: PveSpec["generation"];
} & (
  | {
      readonly type: "string";
      readonly minLength?: number;
      readonly maxLength?: number;
      readonly pattern?: RegExp;
      readonly format?: Format;
      /** Repeated keys and JSON arrays are kept, spelled as JSON. */
      readonly array?: boolean;
      /** A repeated key is joined. */
      readonly list?: boolean;
    }
  | {
      readonly type: "integer" | "number";
      readonly minimum?: number;
      readonly maximum?: number;
      readonly format?: Format;
    }
  | { readonly type: "boolean" }
  | { readonly type: "enum"; readonly values: readonly string[] }
);

export type Parameters = Readonly<Record<string, Parameter>>;
/** As they came: a form's texts, or whatever the JSON held. */
export type RawParameters = ReadonlyMap<string, unknown>;

/** Checked parameters. Booleans are 0 or 1, as PVE keeps them. */
export class Values {
  readonly #values: ReadonlyMap<string, string | number>;
  /** Given as JSON's null: they are there, and change nothing. */
  readonly blank: readonly string[];

  constructor(values: ReadonlyMap<string, string | number>, blank: readonly string[]) {
    this.#values = values;
    this.blank = blank;
  }

  get(name: string): string | number | undefined {
    return this.#values.get(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === undefined ? undefined : String(value);
  }

  number(name: string): number | undefined {
    const value = this.#values.get(name);
    return value === undefined ? undefined : Number(value);
  }

  flag(name: string): boolean {
    return this.#values.get(name) === 1;
  }

  entries(): IterableIterator<[string, string | number]> {
    return this.#values.entries();
  }
}

/** All problems are listed at once, as PVE does. */
export function checked(raw: RawParameters, parameters: Parameters, generation: PveSpec["generation"]): Values {
  const errors: Record<string, string> = {};
  const values = new Map<string, string | number>();
  const blank: string[] = [];
  for (const [name, value] of raw) {
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (parameter === undefined || (parameter.only ?? generation) !== generation) {
      errors[name] = "property is not defined in schema and the schema does not allow additional properties";
      continue;
    }
    if (value === null) {
      blank.push(name);
      continue;
    }
    const result = check(value, parameter);
    if (result.ok) values.set(name, result.value);
    else errors[name] = result.why;
  }
  for (const name of neededOf(parameters)) {
    if (!values.has(name) && errors[name] === undefined) {
      errors[name] = "property is missing and it is not optional";
    }
  }
  if (Object.keys(errors).length > 0) throw badParameters(errors);
  return new Values(values, blank);
}

type Checked = { readonly ok: true; readonly value: string | number } | { readonly ok: false; readonly why: string };
const needed = new WeakMap<Parameters, readonly string[]>();

function neededOf(parameters: Parameters): readonly string[] {
  const names = needed.get(parameters) ?? Object.keys(parameters).filter((name) => parameters[name]?.optional !== true);
  needed.set(parameters, names);
  return names;
}

const good = (value: string | number): Checked => ({ ok: true, value });
const bad = (why: string): Checked => ({ ok: false, why });
const badFormat = (why: string): Checked => bad(`invalid format - ${why}\n`);

function check(value: unknown, parameter: Parameter): Checked {
  const kind = parameter.type === "enum" ? "string" : parameter.type;
  if (Array.isArray(value)) {
    if (parameter.type === "string" && parameter.array === true) return good(JSON.stringify(value.map(String)));
    if (parameter.type === "string" && parameter.list === true) return check(value.map(String).join(","), parameter);
    return bad(`type check ('${kind}') failed - got ARRAY`);
  }
  if (typeof value === "object" && value !== null) return bad(`type check ('${kind}') failed - got HASH`);
  const text = value === true ? "1" : value === false ? "0" : String(value);
  switch (parameter.type) {
    case "boolean":
      return text === "0" || text === "1" ? good(Number(text)) : bad(`type check ('boolean') failed - got '${text}'`);
    case "enum":
      if (parameter.values.includes(text)) return good(text);
      return bad(`value '${text}' does not have a value in the enumeration '${parameter.values.join(", ")}'`);
    case "string":
      if (parameter.array === true) return good(JSON.stringify([text]));
      return checkText(text, parameter);
    default:
      return checkNumber(text, parameter);
  }
}

function checkText(text: string, parameter: Extract<Parameter, { type: "string" }>): Checked {
  const longer = (limit: number): boolean => text.length > limit && [...text].length > limit;
  if (parameter.maxLength !== undefined && longer(parameter.maxLength)) {
    return bad(`value may only be ${parameter.maxLength} characters long`);
  }
  if (parameter.minLength !== undefined && [...text].length < parameter.minLength) {
    return bad(`value must be at least ${parameter.minLength} characters long`);
  }
  if (parameter.pattern !== undefined && !parameter.pattern.test(text)) {
    return bad("value does not match the regex pattern");
  }
  const why = parameter.format?.(text) ?? null;
  return why === null ? good(text) : badFormat(why);
}

function checkNumber(text: string, parameter: Extract<Parameter, { type: "integer" | "number" }>): Checked {
  const whole = parameter.type === "integer";
  if (!(whole ? /^[+-]?\d+$/ : /^[+-]?\d+(\.\d+)?$/).test(text)) {
    return bad(`type check ('${parameter.type}') failed - got '${text}'`);
  }
  const why = parameter.format?.(text) ?? null;
  if (why !== null) return badFormat(why);
  const number = Number(text);
  if (parameter.minimum !== undefined && number < parameter.minimum) {
    return bad(`value must have a minimum value of ${parameter.minimum}`);
  }
  if (parameter.maximum !== undefined && number > parameter.maximum) {
    return bad(`value must have a maximum value of ${parameter.maximum}`);
  }
  return good(number);
}
