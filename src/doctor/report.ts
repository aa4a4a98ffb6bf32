import { type Finding, levels } from "./finding.ts";

/** For people: by level, what blocks first. */
export function textOf(findings: readonly Finding[]): string {
  const groups = levels.flatMap((level) => {
    const these = findings.filter((finding) => finding.level === level);
    return these.length === 0 ? [] : [`${level}\n${these.map(linesOf).join("")}`];
  });
  const counts = levels.map((level) => `${findings.filter((finding) => finding.level === level).length} ${level}`);
  return `${groups.join("\n")}\n${counts.join(", ")}\n`;
}

/** For programs. */
export const jsonOf = (findings: readonly Finding[]): string => {
  const counts = Object.fromEntries(levels.map((level) => [level, findings.filter((f) => f.level === level).length]));
  return `${JSON.stringify({ ok: counts.blocks === 0, counts, findings })}\n`;
};

function linesOf(finding: Finding): string {
  const head = `  ${finding.subject}: ${finding.what}\n`;
  if (finding.level === "good") return head;
  return `${head}    why: ${finding.why}\n    remedy: ${finding.remedy}\n`;
}
