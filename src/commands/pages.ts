/** Lists that are longer than a page. */
import type { CommandContext } from './context.js';
import { numberFlag } from './flag-values.js';
import type { Document, ListDocument, Parsed, TableView, VerbResult } from './spec.js';

export interface PartOfList {
  limit?: number | undefined;
  offset?: number | undefined;
}

/** Gives one page. */
type Page = (part: PartOfList) => Promise<{ items: readonly object[] }>;

/** How a list is read and shown. */
export interface PagedList {
  kind: string;
  /** Most rows of a page. */
  pageMax: number;
  page: Page;
  table: TableView;
  empty: string;
  footer: string;
}

/** The page that --limit and --offset ask for. @throws VALIDATION_ERROR */
export function partOf(flags: Parsed['flags'], pageMax: number): PartOfList {
  return {
    limit: numberFlag(flags, 'limit', 1, pageMax),
    offset: numberFlag(flags, 'offset', 0, 1_000_000_000),
  };
}

/** One page, or with --all every row: as a stream where rows are lines anyway, else as one list. */
export async function pagedAnswer(
  { global }: Pick<CommandContext, 'global'>,
  flags: Parsed['flags'],
  { kind, pageMax, page, table, empty, footer }: PagedList,
): Promise<VerbResult> {
  const isWhole = flags.all === true;
  const part = partOf(flags, pageMax);
  if (isWhole && global.output === 'ndjson') return { stream: everyRow(page, pageMax, kind), table };
  const list = isWhole ? await wholeList(kind, page, pageMax) : await page(part);
  return { list: list as unknown as ListDocument, table, empty, footer };
}

/** Rows of all pages, one after another. */
async function* everyRow(page: Page, limit: number, listKind: string): AsyncGenerator<Document> {
  const head = { api_version: 'dartwing/v1', kind: listKind.replace(/List$/, '') } as const;
  for (let offset = 0; ; offset += limit) {
    const { items } = await page({ limit, offset });
    for (const item of items) yield { ...head, ...item };
    if (items.length < limit) return;
  }
}

/** All pages as one list document. */
async function wholeList(kind: string, page: Page, limit: number) {
  const items: object[] = [];
  for (let offset = 0; ; offset += limit) {
    const part = await page({ limit, offset });
    items.push(...part.items);
    if (part.items.length < limit) break;
  }
  const total_count = items.length;
  return { api_version: 'dartwing/v1' as const, kind, items, total_count, limit: total_count, offset: 0 };
}
