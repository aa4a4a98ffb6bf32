import { isHostedLabel } from "../domain/runners/labels.ts";
import { bad, good, type Read } from "./read.ts";
import { quote } from "./readers.ts";

/** The labels of a pool, without `self-hosted`. None at all is fine: such a pool takes jobs that ask for nothing else. */
export function readLabels(labels: readonly string[]): Read<readonly string[]> {
  const problems = [...labels.flatMap(wrongIn), ...repeated(labels), ...contradictions(labels)];
  return problems.length > 0 ? bad(...problems) : good(labels.filter((label) => !isSelfHosted(label)));
}

/** GitHub's limit. */
const longestLabel = 256;

function wrongIn(label: string): readonly string[] {
  if (label === "") return ["a label is empty; remove it"];
  if (label.length > longestLabel) {
    return [`${quote(`${label.slice(0, 20)}…`)} has ${label.length} characters; at most ${longestLabel} are possible`];
  }
  if (/[,\s]/.test(label)) return [`${quote(label)} holds a comma or a space; no job can ask for it`];
  if (label.toLowerCase().startsWith("dispatcher-")) {
    return [`${quote(label)} is reserved: labels in dispatcher-… say whose runner it is; choose another name`];
  }
  if (isHostedLabel(label) && /-latest\b/i.test(label)) {
    return [
      `${quote(label)} means GitHub's own machines: a job that names it without self-hosted never comes here; ` +
        "choose a label of your own",
    ];
  }
  return [];
}

function repeated(labels: readonly string[]): readonly string[] {
  return labels.flatMap((label, index) => {
    const first = labels.findIndex((other) => other.toLowerCase() === label.toLowerCase());
    if (first === index) return [];
    return [`${quote(label)} repeats ${quote(labels[first] ?? label)}; to GitHub they are one label, keep one`];
  });
}

/** One machine runs one system: a job that asks for two would wait for ever. */
function contradictions(labels: readonly string[]): readonly string[] {
  const hosted = labels.filter(isHostedLabel).filter((label, index, all) => firstOf(label, all) === index);
  const named = hosted.length > 1 ? hosted : labels.filter((label) => systemOf(label) !== null);
  const systems = new Set(named.map(systemOf));
  if (hosted.length < 2 && systems.size < 2) return [];
  return [`${named.map(quote).join(" and ")} name different systems, and one machine runs one; split the pool`];
}

const firstOf = (label: string, all: readonly string[]): number =>
  all.findIndex((other) => other.toLowerCase() === label.toLowerCase());

function systemOf(label: string): string | null {
  const name = label.toLowerCase();
  const word = name.split("-")[0] ?? "";
  if (word !== name && !isHostedLabel(name)) return null;
  if (word === "linux" || word === "ubuntu") return "linux";
  return word === "windows" || word === "macos" ? word : null;
}

const isSelfHosted = (label: string): boolean => label.toLowerCase() === "self-hosted";
