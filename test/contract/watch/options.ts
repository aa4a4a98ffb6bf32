/** What `node` must be told so that the client's requests go to that file. */
export function watching(file: string): readonly string[] {
  const preload = new URL("preload.ts", import.meta.url);
  preload.searchParams.set("to", file);
  return ["--import", import.meta.resolve("tsx"), "--import", preload.href];
}
