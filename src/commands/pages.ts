/** Lists that are longer than a page. */
import type { Document } from './spec.js';

/** Gives one page. */
type Page = (part: { limit: number; offset: number }) => Promise<{ items: readonly object[] }>;

/** Rows of all pages, one after another, `limit` at a time. */
export async function* everyRow(page: Page, limit: number): AsyncGenerator<Document> {
  for (let offset = 0; ; offset += limit) {
    const { items } = await page({ limit, offset });
    for (const item of items) yield item as Document;
    if (items.length < limit) return;
  }
}

/** All pages as one list document. */
export async function wholeList(kind: string, page: Page, limit: number) {
  const items: Document[] = [];
  for await (const item of everyRow(page, limit)) items.push(item);
  const total_count = items.length;
  return { api_version: 'dartwing/v1' as const, kind, items, total_count, limit: total_count, offset: 0 };
}
