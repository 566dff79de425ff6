/** Rows of the feed as a client may see them. */
import type { Reach, Scope } from '../access/index.js';
import { type Data, opened, project, type Registry, recordReads, type Seen } from '../documents/index.js';
import type { ChangeText } from './feed-queries.js';

/** Rows as the client sees them. Only those of doctypes that hide, mask or hold health information are looked into. */
export async function showRows(
  scope: Scope,
  registry: Registry,
  rows: readonly ChangeText[],
  reaches: ReadonlyMap<string, Reach>,
): Promise<string[]> {
  const seen: Seen[] = [];
  const data = await openSealed(scope, registry, rows);
  const texts = rows.map((row, index) => {
    const doctype = registry.get(row.doctype);
    const reach = reaches.get(row.doctype)!;
    const isPlain =
      reach.hidden.size + doctype.masks.size + doctype.phiFields.length + doctype.sealedPaths.length === 0;
    if (isPlain || row.deleted || row.data === null) return rowText(row, row.data);
    const document = {
      name: row.name,
      owner: row.owner,
      data: data[index] ?? (JSON.parse(row.data) as Data),
    };
    const shown = project(scope, doctype, reach, document);
    seen.push({ doctype: row.doctype, name: row.name, data: shown });
    return rowText(row, JSON.stringify(shown));
  });
  await recordReads(scope, registry, seen);
  return texts;
}

/** Data of rows whose doctypes have sealed fields; null for all others. */
async function openSealed(
  { tx }: Scope,
  registry: Registry,
  rows: readonly ChangeText[],
): Promise<(Data | null)[]> {
  const kept = rows.map(({ doctype, name, deleted, data }) => ({
    doctype,
    name,
    data:
      deleted || data === null || registry.get(doctype).sealedPaths.length === 0
        ? null
        : (JSON.parse(data) as Data),
  }));
  return (await opened(tx, registry, tx.organization!, kept)).map(({ data }) => data);
}

function rowText(row: ChangeText, data: string | null): string {
  const { doctype, name, version, seq, deleted, revoked, modified } = row;
  const head = JSON.stringify({
    doctype,
    name,
    version,
    seq,
    modified: modified.toISOString(),
    docstatus: 0,
    deleted,
    ...(revoked ? { reason: 'revoked' } : {}),
  });
  return `${head.slice(0, -1)},"data":${deleted ? 'null' : data}}`;
}
