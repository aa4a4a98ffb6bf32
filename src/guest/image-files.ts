/** What every image has beside the runner, and user-data brings where an image lacks it. */
export type ImageFiles = ReadonlyMap<string, string>;

/** Those that user-data may bring: they stand in templates/image. */
const names = [
  "run-once",
  "job-started.sh",
  "job-completed.sh",
  "dispatcher-runner.service",
  "dispatcher-arm.path",
  "tmpfiles.conf",
] as const;

/** Reads them all; one that is not there is missed only where a template asks for it. */
export function readImageFiles(read: (name: string) => string | null): ImageFiles {
  const found = names.map((name) => [name, read(name)] as const);
  return new Map(found.filter((entry): entry is readonly [(typeof names)[number], string] => entry[1] !== null));
}
