/**
 * Documents as everybody but the database knows them: what is sealed is sealed on the way in and opened on the way out.
 * Whoever reads or writes documents does it here, so that no way is left out.
 */
import type { Tx } from '../db/index.js';
import { canonicalJson } from '../json.js';
import type { ChangeRow, DocumentRow, VersionRow, Writer, Written } from './change-queries.js';
import * as queries from './change-queries.js';
import type { Data, Doctype } from './doctype.js';
import type { Registry } from './registry.js';
import { type LookupRow, writeLookups } from './vault-queries.js';

type Doctypes = Pick<Registry, 'find' | 'vault'>;

/** Writes versions; documents that are not as their writer saw them are left out, with all of their versions. */
export async function writeChanges(
  tx: Tx,
  doctypes: Doctypes,
  writer: Writer,
  rows: readonly ChangeRow[],
): Promise<Written[]> {
  const { organization } = writer;
  const isSealed = rows.some((row) => holdsSealed(doctypes, row));
  if (!isSealed) return queries.writeChanges(tx, writer, rows);
  const kept = rows.map((row) => ({ ...row, data: holdsSealed(doctypes, row) ? parse(row.data) : null }));
  const sealed = await doctypes.vault.seal(tx, organization, kept);
  const written = await queries.writeChanges(
    tx,
    writer,
    rows.map((row, index) => (sealed[index] ? { ...row, data: canonicalJson(sealed[index]) } : row)),
  );
  await keepLookups(tx, doctypes, organization, kept, written);
  const asWritten = written.map((row) => ({
    ...row,
    data: holdsSealed(doctypes, row) ? parse(row.data) : null,
  }));
  const opened = await doctypes.vault.open(tx, organization, asWritten);
  return written.map((row, index) => (opened[index] ? { ...row, data: JSON.stringify(opened[index]) } : row));
}

/** Documents by doctype and name, tombstones included, held until the end of the transaction in one order for all. */
export async function lockDocuments(
  tx: Tx,
  doctypes: Doctypes,
  organization: string,
  refs: readonly { doctype: string; name: string }[],
): Promise<DocumentRow[]> {
  return opened(tx, doctypes, organization, await queries.lockDocuments(tx, organization, refs));
}

/** Versions of some documents from a version of each on, oldest first, at most `each` of every document. */
export async function findVersionsSince(
  tx: Tx,
  doctypes: Doctypes,
  organization: string,
  refs: readonly { doctype: string; name: string; from: number }[],
  each: number,
): Promise<VersionRow[]> {
  const rows = await queries.findVersionsSince(tx, organization, refs, each);
  return opened(tx, doctypes, organization, rows);
}

/** Versions of one document, newest first. */
export async function pageVersions(
  tx: Tx,
  doctypes: Doctypes,
  organization: string,
  ref: { doctype: string; name: string },
  limit: number,
  offset: number,
): Promise<VersionRow[]> {
  return opened(tx, doctypes, organization, await queries.pageVersions(tx, organization, ref, limit, offset));
}

export async function findDocument(
  tx: Tx,
  doctypes: Doctypes,
  organization: string,
  ref: { doctype: string; name: string },
): Promise<DocumentRow | undefined> {
  const row = await queries.findDocument(tx, organization, ref);
  return row && (await opened(tx, doctypes, organization, [row]))[0];
}

/** Documents of a person, and those that may name one somewhere; tombstones included. Links are never sealed. */
export async function lockDocumentsNaming(
  tx: Tx,
  doctypes: Doctypes,
  page: Parameters<typeof queries.lockDocumentsNaming>[1],
): Promise<DocumentRow[]> {
  return opened(tx, doctypes, page.organization, await queries.lockDocumentsNaming(tx, page));
}

/** Changes what undelete would bring back; clients have nothing of it. */
export async function rewriteTombstones(
  tx: Tx,
  doctypes: Doctypes,
  organization: string,
  rows: readonly Pick<DocumentRow, 'doctype' | 'name' | 'owner' | 'data'>[],
): Promise<void> {
  const sealed = await doctypes.vault.seal(tx, organization, rows);
  await queries.rewriteTombstones(
    tx,
    organization,
    rows.map((row, index) => ({ ...row, data: sealed[index] as DocumentRow['data'] })),
  );
}

/** Rows that were read otherwise, with what was sealed in them. */
export async function opened<T extends { doctype: string; name: string; data: Data | null }>(
  tx: Tx,
  { vault }: Doctypes,
  organization: string,
  rows: readonly T[],
): Promise<T[]> {
  const data = await vault.open(tx, organization, rows);
  return rows.map((row, index) =>
    data[index] === row.data ? row : { ...row, data: data[index] as T['data'] },
  );
}

function holdsSealed({ find }: Doctypes, row: { doctype: string; data: string | null }): boolean {
  return row.data !== null && (find(row.doctype)?.sealedPaths.length ?? 0) > 0;
}

function parse(text: string | null): Data | null {
  return text === null ? null : (JSON.parse(text) as Data);
}

/** Of documents that were written, what they are found by; a tombstone keeps it, for when it comes back. */
async function keepLookups(
  tx: Tx,
  { find, vault }: Doctypes,
  organization: string,
  rows: readonly { doctype: string; name: string; version: number; final: boolean; data: Data | null }[],
  written: readonly Written[],
): Promise<void> {
  const done = new Set(written.map(({ doctype, name, version }) => `${doctype}\0${name}\0${version}`));
  const found: LookupRow[] = [];
  for (const [doctype, field] of lookupsOf(find, rows)) {
    const mine = rows.filter(
      (row) =>
        row.doctype === doctype &&
        row.final &&
        row.data !== null &&
        Object.hasOwn(row.data, field) &&
        done.has(`${doctype}\0${row.name}\0${row.version}`),
    );
    const some = mine.filter(({ data }) => data![field] !== null);
    const digests =
      some.length === 0
        ? []
        : await vault.digests(
            tx,
            organization,
            doctype,
            field,
            some.map(({ data }) => data![field]),
          );
    const digestOf = new Map(some.map(({ name }, index) => [name, digests[index]!]));
    for (const { name } of mine) found.push({ doctype, name, field, digest: digestOf.get(name) ?? null });
  }
  if (found.length > 0) await writeLookups(tx, organization, found);
}

function lookupsOf(
  find: (name: string) => Doctype | undefined,
  rows: readonly { doctype: string }[],
): [doctype: string, field: string][] {
  return [...new Set(rows.map(({ doctype }) => doctype))]
    .sort()
    .flatMap((name) => (find(name)?.lookups ?? []).map((field): [string, string] => [name, field]));
}
