/**
 * What stands between documents and the database: values of sealed fields are sealed before they are written, into rows,
 * versions and conflicts alike, and opened after they were read. The key of a document is itself sealed with the data key
 * of its organization (purpose `document`): rotating that seals the keys anew and no document, deleting the key of one
 * document makes every copy of its sealed values unreadable, and destroying the data key those of all.
 */
import { randomBytes } from 'node:crypto';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import type { DataKeys, Place } from '../keys/index.js';
import type { Data, Doctype } from './doctype.js';
import { type FieldPlace, isSealedValue, lookupDigest, openValue, sealValue } from './field-seal.js';
import {
  type DocumentRef,
  findDocumentKeys,
  findLookupKey,
  insertDocumentKeys,
  insertLookupKey,
} from './vault-queries.js';

/** Some fields of a document, or of a side of a conflict about it. */
export interface Kept extends DocumentRef {
  data: Data | null;
}

export interface Vault {
  /** The fields as they are to be kept; fields that are not sealed as they are. */
  seal(tx: Tx, organization: string, all: readonly Kept[]): Promise<(Data | null)[]>;
  /**
   * The fields with what was sealed. What stands there unsealed, from a time when the field was not, stays as it is.
   * @throws SEAL_BROKEN, KEY_NOT_FOUND, KEY_RETIRED, KEY_DESTROYED, KEY_SERVICE_UNAVAILABLE
   */
  open(tx: Tx, organization: string, all: readonly Kept[]): Promise<(Data | null)[]>;
  /** What values of a field are found by. */
  digests(
    tx: Tx,
    organization: string,
    doctype: string,
    field: string,
    values: readonly unknown[],
  ): Promise<Buffer[]>;
}

const purpose = 'document';
const keyBytes = 32;

export function openVault(
  find: (doctype: string) => Doctype | undefined,
  keysOf: (() => DataKeys) | undefined,
): Vault {
  const keys = (): DataKeys => {
    if (keysOf === undefined) throw new Error('Sealed fields need keys, and this registry has none');
    return keysOf();
  };
  const placeOf = (organization: string, { doctype, name }: DocumentRef): Place => ({
    organization,
    table: 'document_key',
    column: 'secret',
    row: [doctype, name],
  });

  const openKeys = async (tx: Tx, organization: string, refs: readonly DocumentRef[]) => {
    const opened = new Map<string, Buffer>();
    for (const row of await findDocumentKeys(tx, organization, refs))
      opened.set(keyOf(row), await keys().open(tx, placeOf(organization, row), row.secret));
    return opened;
  };
  const ensureKeys = async (tx: Tx, organization: string, refs: readonly DocumentRef[]) => {
    const known = await openKeys(tx, organization, refs);
    const without = [...new Map(refs.map((ref) => [keyOf(ref), ref])).values()].filter(
      (ref) => !known.has(keyOf(ref)),
    );
    if (without.length === 0) return known;
    const sealed = await keys().sealMany(
      tx,
      purpose,
      without.map((ref) => ({ place: placeOf(organization, ref), plain: randomBytes(keyBytes) })),
    );
    const rows = without.map(({ doctype, name }, index) => ({ doctype, name, secret: sealed[index]! }));
    await insertDocumentKeys(tx, organization, rows);
    for (const [key, secret] of await openKeys(tx, organization, without)) known.set(key, secret);
    return known;
  };
  const change = (
    all: readonly Kept[],
    organization: string,
    known: ReadonlyMap<string, Buffer>,
    each: (key: Buffer | undefined, place: FieldPlace, value: unknown) => unknown,
  ) =>
    all.map((kept) => {
      const doctype = find(kept.doctype);
      if (kept.data === null || doctype === undefined || doctype.sealedPaths.length === 0) return kept.data;
      const { doctype: of, name } = kept;
      const key = known.get(keyOf(kept));
      return eachSealed(doctype, kept.data, (path, value) =>
        each(key, { organization, doctype: of, name, path }, value),
      );
    });

  return {
    seal: async (tx, organization, all) => {
      const holding = all.filter(({ doctype, data }) => holdsPlain(find(doctype), data));
      if (holding.length === 0) return all.map(({ data }) => data);
      const known = await ensureKeys(tx, organization, holding);
      return change(all, organization, known, (key, place, value) =>
        isSealedValue(value) && isIntact(key, place, value) ? value : sealValue(key!, place, value),
      );
    },
    open: async (tx, organization, all) => {
      const holding = all.filter(({ doctype, data }) => holdsSealed(find(doctype), data));
      if (holding.length === 0) return all.map(({ data }) => data);
      const known = await openKeys(tx, organization, holding);
      return change(all, organization, known, (key, place, value) => {
        if (!isSealedValue(value)) return value;
        if (key === undefined)
          throw new DartwingError('KEY_NOT_FOUND', { id: `of ${place.doctype}/${place.name}` });
        const opened = openValue(key, place, value);
        if (opened === undefined)
          throw new DartwingError('SEAL_BROKEN', { table: 'document', column: place.path.join('.') });
        return opened.value;
      });
    },
    digests: async (tx, organization, doctype, field, values) => {
      const place: Place = {
        organization,
        table: 'document_lookup_key',
        column: 'secret',
        row: [doctype, field],
      };
      let secret = await findLookupKey(tx, organization, doctype, field);
      if (secret === undefined) {
        const made = await keys().seal(tx, purpose, place, randomBytes(keyBytes));
        await insertLookupKey(tx, organization, doctype, field, made);
        secret = (await findLookupKey(tx, organization, doctype, field))!;
      }
      const key = await keys().open(tx, place, secret);
      return values.map((value) => lookupDigest(key, value));
    },
  };
}

function keyOf({ doctype, name }: DocumentRef): string {
  return `${doctype}\0${name}`;
}

/** Sides of a conflict come back as they were kept. */
function isIntact(key: Buffer | undefined, place: FieldPlace, value: { $sealed: string }): boolean {
  return key !== undefined && openValue(key, place, value) !== undefined;
}

function holdsPlain(doctype: Doctype | undefined, data: Data | null): boolean {
  return some(doctype, data, () => true);
}

function holdsSealed(doctype: Doctype | undefined, data: Data | null): boolean {
  return some(doctype, data, isSealedValue);
}

function some(doctype: Doctype | undefined, data: Data | null, test: (value: unknown) => boolean): boolean {
  if (doctype === undefined || data === null) return false;
  let found = false;
  if (doctype.sealedPaths.length > 0)
    eachSealed(doctype, data, (_, value) => {
      found ||= test(value);
      return value;
    });
  return found;
}

/** A copy of some data in which values of sealed fields are others; what is null stays null. */
function eachSealed(
  { sealedPaths }: Doctype,
  data: Data,
  change: (path: readonly string[], value: unknown) => unknown,
): Data {
  const copy: Record<string, unknown> = { ...data };
  for (const [field, column] of sealedPaths) {
    const value = copy[field];
    if (value === null || value === undefined) continue;
    if (column === undefined) copy[field] = change([field], value);
    else if (Array.isArray(value))
      copy[field] = value.map((row: Data) =>
        row[column] === null || row[column] === undefined
          ? row
          : { ...row, [column]: change([field, column, String(row.name)], row[column]) },
      );
  }
  return copy;
}
