import { Refusal } from "./refusal.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** The `Link` header, where there is more than this page. */
  readonly headers: Record<string, string>;
}

export interface Paging {
  /** Where the list ends though there is more. */
  readonly longest?: number | undefined;
  /** How many entries came in front since the first page was asked for; negative: how many went. */
  readonly shift?: number | undefined;
}

/** The part of a list that `per_page` and `page` ask for. */
export function pageOf<T>(all: readonly T[], url: URL, { longest = all.length, shift = 0 }: Paging = {}): Page<T> {
  const size = Math.min(100, numberIn(url, "per_page", 30));
  const page = numberIn(url, "page", 1);
  const last = Math.max(1, Math.ceil(Math.min(all.length, longest) / size));
  const link = (to: number, rel: string): string => {
    const target = new URL(url);
    target.searchParams.set("page", String(to));
    return `<${target.href}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, "prev")] : []),
    ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
    ...(page > 1 ? [link(1, "first")] : []),
  ];
  const from = page === 1 ? 0 : Math.max(0, (page - 1) * size - shift);
  return {
    items: all.slice(from, Math.min(from + size, longest)),
    headers: links.length === 0 ? {} : { link: links.join(", ") },
  };
}

function numberIn(url: URL, name: string, otherwise: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Refusal(422, `Invalid request.\n\n${name} is not a number.`);
  return value;
}
