import { pino } from "pino";
import { DispatcherError, messageOf } from "../domain/errors.ts";
import type { EngineEvent } from "../engine/events.ts";
import type { Operation } from "../engine/operations.ts";
import { pretty } from "./pretty.ts";
import { redact } from "./redact.ts";

export type Level = "debug" | "info" | "warn" | "error";

/** One line each; `fields` are for programs. */
export interface Logger {
  debug(text: string, fields?: Readonly<Record<string, unknown>>): void;
  info(text: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(text: string, fields?: Readonly<Record<string, unknown>>): void;
  error(text: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface LoggerOptions {
  readonly level: Level;
  /** Lines for people instead of JSON. */
  readonly forPeople: boolean;
  readonly write: (line: string) => void;
}

export function createLogger({ level, forPeople, write }: LoggerOptions): Logger {
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(forPeople ? pretty(line) : line) },
  );
  const at =
    (at: Level) =>
    (text: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      log[at](fields, redact(text));
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Renders the engine's facts: changes, not passes. A quiet system is quiet. */
export function logEvents(log: Logger): (event: EngineEvent) => void {
  let notes = new Map<string, string>();
  let trouble: string | null = null;
  return (event) => {
    switch (event.event) {
      case "pass.done":
        if (trouble !== null) log.info(`observing works again, after: ${trouble}`);
        trouble = null;
        notes = logNotes(log, notes, event.intent.notes);
        log.debug("pass done", { ms: event.ms, guests: event.site.guests.length });
        return;
      case "pass.failed": {
        const why = spellError(event.error);
        if (why !== trouble) log.error(`nothing is decided until this is mended: ${why}`, { failures: event.failures });
        trouble = why;
        return;
      }
      case "operation.started":
        log.info(`${event.operation.kind} ${event.operation.key}: ${event.operation.why}`, fieldsOf(event.operation));
        return;
      case "operation.done":
        log.info(`${event.operation.kind} ${event.operation.key}: done`, {
          ...fieldsOf(event.operation),
          ms: event.ms,
        });
        return;
      case "operation.failed":
        logFailure(log, event.operation, event.error);
    }
  };
}

/** What went wrong and, where there is one, the way out. */
export function spellError(error: unknown): string {
  const remedy = error instanceof DispatcherError ? error.details.remedy : undefined;
  return redact(remedy === undefined ? messageOf(error) : `${messageOf(error)}; ${remedy}`);
}

/** A note is said when it is new or has changed its words; figures that count up do not make it new. */
function logNotes(
  log: Logger,
  before: ReadonlyMap<string, string>,
  notes: readonly { readonly about: string; readonly text: string }[],
): Map<string, string> {
  const now = new Map<string, string>();
  for (const { about, text } of notes) {
    const words = text.replaceAll(/\d+( (?:ms|s|min|h)\b)?/g, "#");
    if (before.get(about) !== words) log.info(`${about}: ${text}`);
    now.set(about, words);
  }
  return now;
}

function logFailure(log: Logger, operation: Operation, error: unknown): void {
  const details = error instanceof DispatcherError ? error.details : {};
  const fields = { ...fieldsOf(operation), ...(details.log === undefined ? {} : { taskLog: details.log.map(redact) }) };
  log.warn(`${operation.kind} ${operation.key}: ${spellError(error)}`, fields);
}

const fieldsOf = ({ kind, key, pool }: Operation): Readonly<Record<string, unknown>> => ({
  operation: kind,
  key,
  pool,
});
