/** One log line for people: time, level where it matters, text. */
export function pretty(line: string): string {
  const { time, level, msg } = JSON.parse(line) as { time: string; level: string; msg: string };
  const clock = time.slice(11, 19);
  return level === "info" ? `${clock}  ${msg}\n` : `${clock}  ${level.toUpperCase()}  ${msg}\n`;
}
