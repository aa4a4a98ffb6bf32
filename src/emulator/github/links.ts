/** Where this GitHub is reached: its API, and its pages. */
export interface Links {
  readonly api: string;
  readonly html: string;
}

/** GitHub's own addresses unless the emulator is served, and then its shape is that of an Enterprise Server. */
export function linksOf(base: string | null): Links {
  if (base === null) return { api: "https://api.github.com", html: "https://github.com" };
  const root = base.replace(/\/+$/, "");
  return { api: `${root}/api/v3`, html: root };
}
