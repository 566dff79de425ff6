/** The end of a key: retired when it seals nothing more, destroyed for good. */

import type { DomainEvents } from '../access/index.js';
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { columnsOf, countSealed, listSealedColumns } from './catalogue.js';
import type { KeyChest } from './data-keys.js';
import { type KeyDocument, keyDocument } from './document.js';
import { deleteKeys, isUnderHold, type KeyRow, listKeyRows, lockKey, setKeyState } from './queries.js';

export type KeyChange = Change<KeyDocument>;

/**
 * Takes a key out of use that seals nothing more. It still exists, for backups; values that it sealed do not open.
 * @throws KEY_NOT_FOUND, KEY_STATE (it is active or destroyed), KEY_IN_USE, PERMISSION_DENIED
 */
export async function retireKey(scope: Scope, id: string): Promise<KeyChange> {
  const row = await requireKey(scope, id, 'write');
  const sealed = await countOf(scope, row);
  if (row.state === 'retired') return unchanged(scope, row, sealed);
  if (row.state !== 'decrypt_only')
    throw new DartwingError('KEY_STATE', { id, state: row.state, wanted: 'decrypt_only' });
  if (sealed > 0) throw inUse(row, sealed);
  return changed(
    scope,
    'retire',
    row,
    await setKeyState(scope.tx, row, 'retired', scope.clock.now()),
    sealed,
  );
}

/**
 * Destroys a key in this database. With `erase` also one that seals values, which nobody can read from then on; an
 * active one is replaced with the next value that is sealed.
 * @throws KEY_NOT_FOUND, KEY_STATE (it is active and `erase` is not set), KEY_IN_USE, LEGAL_HOLD, PERMISSION_DENIED
 */
export async function destroyKey(
  scope: Scope,
  chest: KeyChest,
  id: string,
  erase: boolean,
): Promise<KeyChange> {
  const row = await requireKey(scope, id, 'delete');
  const sealed = await countOf(scope, row);
  if (row.state === 'destroyed') return unchanged(scope, row, sealed);
  if (row.state === 'active' && !erase)
    throw new DartwingError('KEY_STATE', { id, state: row.state, wanted: 'retired or decrypt_only' });
  if (sealed > 0 && !erase) throw inUse(row, sealed);
  if (sealed > 0 && (await isUnderHold(scope.tx, row.organization)))
    throw new DartwingError('LEGAL_HOLD', { slug: row.organization });
  const after = await setKeyState(scope.tx, row, 'destroyed', scope.clock.now());
  scope.tx.afterCommit(() => chest.forget(id));
  return changed(scope, 'destroy', row, after, sealed);
}

/**
 * Destroys every key of an organization, and so everything that was sealed for it.
 * @throws KEY_IN_USE (without `erase`), LEGAL_HOLD, PERMISSION_DENIED
 */
export async function eraseOrganization(
  scope: Scope,
  chest: KeyChest,
  organization: string,
  erase: boolean,
): Promise<KeyChange[]> {
  const changes: KeyChange[] = [];
  for (const { id, state } of await listKeyRows(scope.tx, { organization }))
    if (state !== 'destroyed') changes.push(await destroyKey(scope, chest, id, erase));
  return changes;
}

/** Subscribes to `organization.purging`: its keys go with it. */
export async function dropKeys(
  scope: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteKeys(scope.tx, organization.id);
}

async function requireKey(scope: Scope, id: string, action: string): Promise<KeyRow> {
  const row = isUuid(id) ? await lockKey(scope.tx, id) : undefined;
  if (row === undefined) throw new DartwingError('KEY_NOT_FOUND', { id });
  const { organization } = row;
  authorize(scope, action, { doctype: 'Data Key', name: id, organization });
  return row;
}

async function countOf({ tx }: Scope, { organization, id }: KeyRow): Promise<number> {
  let count = 0;
  for (const column of columnsOf(await listSealedColumns(tx), organization))
    count += (await countSealed(tx, column, organization, [id])).get(id) ?? 0;
  return count;
}

function inUse({ id, organization }: KeyRow, count: number): DartwingError {
  return new DartwingError('KEY_IN_USE', { id, organization, count });
}

function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
}

function unchanged(scope: Scope, row: KeyRow, sealed: number): KeyChange {
  const document = keyDocument(row, sealed);
  return changeDocument(scope, {
    op: 'none',
    ref: `key/${row.id}`,
    before: document,
    after: document,
    audit: null,
  });
}

async function changed(
  scope: Scope,
  act: 'retire' | 'destroy',
  row: KeyRow,
  now: KeyRow,
  sealed: number,
): Promise<KeyChange> {
  const { organization, id, purpose, version } = row;
  const audit = await recordAct(
    scope,
    organization,
    `key.${act}`,
    { doctype: 'Data Key', name: id },
    {
      old: { state: row.state },
      new: { state: now.state, purpose, version, unreadable_values: sealed },
    },
  );
  return changeDocument(scope, {
    op: act === 'destroy' ? 'delete' : 'update',
    ref: `key/${id}`,
    before: keyDocument(row, sealed),
    after: keyDocument(now, sealed),
    audit,
  });
}
