/** Organization and owner of documents, wherever they lie. */
import { type RawBuilder, sql } from 'kysely';
import { build, type Tx } from '../db/index.js';
import { sourceOf } from './filter.js';
import type { Ref } from './principal.js';

interface Found {
  doctype: string;
  name: string;
  alias: string | null;
  organization: string;
  owner: string | null;
}

/**
 * Reads documents of any doctypes in one statement, as far as the transaction sees them. The answer gives the whole
 * reference of one that was found. @throws DOCTYPE_UNKNOWN
 */
export async function findRecords(tx: Tx, refs: readonly Ref[]): Promise<(ref: Ref) => Ref | undefined> {
  const names = new Map<string, string[]>();
  for (const { doctype, name } of refs) names.set(doctype, [...(names.get(doctype) ?? []), name]);
  const parts = [...names].map(([doctype, wanted]) => select(doctype, wanted));
  const statement = sql<Found>`${sql.join(parts, sql` union all `)}`.compile(build);
  const rows = await tx.run({ compile: () => statement });
  const byName = new Map<string, Ref>();
  for (const { doctype, name, alias, organization, owner } of rows) {
    const ref: Ref = { doctype, name, organization, ...(owner === null ? {} : { owner }) };
    byName.set(`${doctype}/${name}`, ref);
    if (alias !== null) byName.set(`${doctype}/${alias}`, ref);
  }
  return ({ doctype, name }) => byName.get(`${doctype}/${name}`);
}

function select(doctype: string, names: readonly string[]): RawBuilder<unknown> {
  const { table, organization, key, alias, owner } = sourceOf(doctype);
  const text = (column: string | undefined) => (column === undefined ? sql`null::text` : sql.ref(column));
  const byAlias = alias === undefined ? sql`` : sql` or ${sql.ref(alias)} = any (${[...names]}::text[])`;
  return sql`select ${doctype}::text as doctype, ${sql.ref(key)} as name, ${text(alias)} as alias,
    ${sql.ref(organization)} as organization, ${text(owner)} as owner
    from ${sql.table(table)} where ${sql.ref(key)} = any (${[...names]}::text[])${byAlias}`;
}
