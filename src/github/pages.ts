import type { Question, Reader } from "./reader.ts";

export const perPage = 100;

export interface Pages<Item> {
  readonly items: readonly Item[];
  /** Whether every page gave the same total, and as many different items came. */
  readonly complete: boolean;
}

interface Page {
  readonly total_count: number;
}

/** To the end, by GitHub's own count. An item that moves between two pages while we read shows as incomplete. */
export async function allPages<P extends Page, Item extends { readonly id: number }>(
  reader: Reader,
  question: Question<P>,
  itemsOf: (page: P) => readonly Item[],
  signal: AbortSignal,
): Promise<Pages<Item>> {
  const items = new Map<number, Item>();
  const totals = new Set<number>();
  for (let number = 1; ; number++) {
    const query = { ...question.query, per_page: perPage, ...(number === 1 ? {} : { page: number }) };
    const page = await reader.get({ ...question, query }, signal);
    const known = items.size;
    for (const item of itemsOf(page)) items.set(item.id, item);
    totals.add(page.total_count);
    if (items.size === known || items.size >= page.total_count) {
      return { items: [...items.values()], complete: totals.size === 1 && totals.has(items.size) };
    }
  }
}
