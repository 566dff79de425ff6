/** Sealing what was written before its field was sealed. */
import { authorize, recordAct, type Scope } from '../access/index.js';
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import type { Registry } from './registry.js';
import {
  countPlain,
  type LookupRow,
  type PlainRow,
  pagePlain,
  replaceData,
  writeLookups,
} from './vault-queries.js';

const tables = ['document', 'document_change'] as const;

/**
 * Seals some documents and versions of them in place; clients notice nothing. Run it until it returns 0.
 * @throws PERMISSION_DENIED
 */
export async function sealPlain(scope: Scope, registry: Registry): Promise<number> {
  const { tx } = scope;
  const organization = tx.organization!;
  authorize(scope, 'administer', { doctype: 'Organization', name: organization });
  let sealed = 0;
  for (const { name, sealedPaths } of registry.all()) {
    if (sealedPaths.length === 0) continue;
    for (const table of tables) {
      const rows = await pagePlain(tx, table, organization, name, sealedPaths, limits.pageMax);
      if (rows.length === 0) continue;
      const data = await registry.vault.seal(tx, organization, rows);
      const changed = rows.map((row, index) => ({ ...row, data: data[index] as PlainRow['data'] }));
      await replaceData(tx, table, organization, changed);
      if (table === 'document') await findAgain(tx, registry, organization, name, rows);
      sealed += rows.length;
    }
  }
  if (sealed > 0)
    await recordAct(
      scope,
      organization,
      'document.seal',
      { doctype: '*', name: '*', organization },
      { new: { sealed } },
    );
  return sealed;
}

/** Doctypes of which something stands unsealed, with how much of it, counted up to a page. */
export async function countUnsealed(
  tx: Tx,
  registry: Registry,
  organization: string,
): Promise<{ doctype: string; count: number }[]> {
  const found: { doctype: string; count: number }[] = [];
  for (const { name, sealedPaths } of registry.all()) {
    if (sealedPaths.length === 0) continue;
    let count = 0;
    for (const table of tables)
      count += await countPlain(tx, table, organization, name, sealedPaths, limits.pageMax);
    if (count > 0) found.push({ doctype: name, count });
  }
  return found;
}

async function findAgain(
  tx: Tx,
  registry: Registry,
  organization: string,
  doctype: string,
  rows: readonly PlainRow[],
): Promise<void> {
  const { lookups } = registry.get(doctype);
  const opened = await registry.vault.open(tx, organization, rows);
  const found: LookupRow[] = [];
  for (const field of lookups) {
    const some = rows.flatMap(({ name }, index) => {
      const value = opened[index]?.[field] ?? null;
      return value === null ? [] : [{ name, value }];
    });
    const values = some.map(({ value }) => value);
    const digests =
      values.length === 0 ? [] : await registry.vault.digests(tx, organization, doctype, field, values);
    for (const [index, { name }] of some.entries())
      found.push({ doctype, field, name, digest: digests[index]! });
  }
  if (found.length > 0) await writeLookups(tx, organization, found);
}
