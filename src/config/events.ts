import { defaultEvents, type EventRule, knownEvents } from "../domain/events.ts";
import { nearest } from "../domain/nearest.ts";
import { bad, chain, each, good, type Read } from "./read.ts";
import { quote } from "./readers.ts";

/** The events that may use our machines. The word `default` stands for all that may by default. */
export function readEvents(names: readonly string[]): Read<EventRule> {
  if (names.length === 0) return bad("is empty, so no job could run; name events, or remove it");
  return chain(each(names.map(readEvent)), (events) =>
    good(
      events.includes(byDefault)
        ? { kind: "except", events: defaultEvents.events.filter((event) => !events.includes(event)) }
        : { kind: "only", events },
    ),
  );
}

const byDefault = "default";

function readEvent(text: string): Read<string> {
  const name = text.trim().toLowerCase();
  const known = [byDefault, ...knownEvents];
  if (known.includes(name)) return good(name);
  const meant = nearest(name, known);
  const hint = meant === null ? `known are ${known.join(", ")}` : `did you mean ${meant}?`;
  return bad(`${quote(text)} is no event that starts a workflow; ${hint}`);
}
