/**
 * Rotation: a new active key for an organization and purpose, the former one only opens from then on; with `reseal`
 * everything that former keys sealed is sealed with the new one, while others read and write, and counted at the end.
 */
import { authorize, type CallOptions, recordAct, type Scope, type Session } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { asDartwingError, DartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import { limits } from '../limits.js';
import { columnsOf, countSealed, listSealedColumns } from './catalogue.js';
import { contextOf, type KeyChest } from './data-keys.js';
import type { WrappedKey } from './provider.js';
import { insertNextKey, type KeyRow, listKeyRows, lockActiveKey, rewrapKey, setKeyState } from './queries.js';
import { type ResealMemory, resealPage } from './reseal.js';
import {
  insertRotation,
  type KeyPurpose,
  listOldKeys,
  listPurposes,
  lockOpenRotation,
  type ProofLine,
  type ResealFailure,
  type RotationRow,
} from './rotation-queries.js';

export interface RotateOptions {
  /** One organization, by id or slug, or `SYSTEM`; all of them without it. */
  organization?: string | undefined;
  /** Only keys of this purpose. */
  purpose?: string | undefined;
  /** Seal again what former keys sealed. A rotation that was interrupted is finished, and no further key is made. */
  reseal?: boolean | undefined;
  /** Values resealed a second at most. */
  perSecond?: number | undefined;
  /** Stops between two pages; what is done is done, and the next run goes on. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: RotationProgress) => void) | undefined;
}

export interface RotationProgress {
  organization: string;
  purpose: string;
  /** Values of this organization and purpose that were resealed, by earlier runs too. */
  done: number;
  total: number;
  failed: number;
}

/** What became of one organization and purpose. */
export interface Rotated {
  organization: string;
  purpose: string;
  /** Null in a dry run. */
  new_key: string | null;
  old_keys: string[];
  /** It went on with a rotation that an earlier run had begun. */
  resumed: boolean;
  state: 'switched' | 'done' | 'incomplete' | 'planned';
  /** Values to be resealed when it began. */
  total: number;
  resealed: number;
  failures: ResealFailure[];
  /** What old keys still seal, by key and column: nothing, when it is done. */
  proof: ProofLine[] | null;
}

export interface RotationResult {
  done: Rotated[];
  failed: (KeyPurpose & { error: DartwingError })[];
}

export interface RotateParts {
  session: Session;
  chest: KeyChest;
  clock: Clock;
  /** For the pages, each in a transaction of its own; begin and end are on record. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  pause(ms: number): Promise<void>;
}

/** Rotates one organization and purpose after the other. One that fails does not keep the others. */
export async function rotateKeys(
  parts: RotateParts,
  purposes: readonly KeyPurpose[],
  options: RotateOptions,
  call: CallOptions | undefined,
): Promise<RotationResult> {
  const result: RotationResult = { done: [], failed: [] };
  for (const purpose of purposes) {
    if (options.signal?.aborted) throw new DartwingError('CANCELED');
    try {
      result.done.push(await rotateOne(parts, purpose, options, call));
    } catch (error) {
      const failure = asDartwingError(error);
      if (failure.code === 'CANCELED' || purposes.length === 1) throw failure;
      result.failed.push({ ...purpose, error: failure });
    }
  }
  return result;
}

/** What would be rotated. @throws PERMISSION_DENIED */
export async function findPurposes(
  scope: Scope,
  { organization, purpose, before }: { organization?: string; purpose?: string; before?: Date },
): Promise<KeyPurpose[]> {
  authorize(scope, 'write', { doctype: 'Data Key', name: '*', ...(organization && { organization }) });
  return listPurposes(scope.tx, {
    ...(organization && { organization }),
    ...(purpose && { purpose }),
    ...(before && { before }),
  });
}

async function rotateOne(
  parts: RotateParts,
  { organization, purpose }: KeyPurpose,
  options: RotateOptions,
  call: CallOptions | undefined,
): Promise<Rotated> {
  const { session, chest, clock } = parts;
  // Outside of the transaction: nobody shall wait for a key service behind the lock on the active key.
  const id = uuidv7(clock.now());
  const made = session.call(call).dryRun
    ? undefined
    : await chest.provider.generate({ organization, purpose, key: id });
  made?.plain.fill(0);
  const begun = await session.run('key rotate', call, async (scope) =>
    begin(scope, parts, { organization, purpose }, made && { ...made, id }, options.reseal ?? false),
  );
  if (begun.rotation === undefined) return begun.rotated;
  const end = await finish(parts, begun.rotation, options);
  return session.run('key rotate', call, async (scope) => close(scope, begun.rotated, end));
}

interface Begun {
  rotated: Rotated;
  rotation: RotationRow | undefined;
}

async function begin(
  scope: Scope,
  { chest }: RotateParts,
  of: KeyPurpose,
  next: (WrappedKey & { id: string }) | undefined,
  reseal: boolean,
): Promise<Begun> {
  const { tx } = scope;
  const { organization, purpose } = of;
  authorize(scope, 'write', { doctype: 'Data Key', name: '*', organization });
  const open = reseal ? await lockOpenRotation(tx, of) : undefined;
  if (open !== undefined && next !== undefined) {
    const old = await listOldKeys(tx, of);
    return { rotated: rotatedOf(open, old, true), rotation: open };
  }
  // Before the lock: counting takes long, and everybody who seals would wait.
  const total = reseal || next === undefined ? await countAll(tx, of) : 0;
  const former = await lockActiveKey(tx, organization, purpose);
  if (former === undefined)
    throw new DartwingError('KEY_NOT_FOUND', { id: `of ${organization} for ${purpose}` });
  if (next === undefined) {
    const old = [...(await listOldKeys(tx, of)).map(({ id }) => id), former.id];
    const planned = { old_keys: old, new_key: null, state: 'planned' as const, total };
    return { rotated: { ...plain(of), ...planned }, rotation: undefined };
  }
  const at = scope.clock.now();
  await setKeyState(tx, former, 'decrypt_only', at);
  const { id, wrapped, master } = next;
  const key = { ...of, id, state: 'active' as const, provider: chest.provider.name, master, wrapped };
  const row = await insertNextKey(tx, key, at);
  await recordAct(
    scope,
    organization,
    'key.rotate',
    { doctype: 'Data Key', name: id },
    {
      old: { key: former.id, version: former.version },
      new: { key: id, version: row.version, purpose, provider: row.provider, reseal },
    },
  );
  const rotated: Rotated = { ...plain(of), new_key: id, old_keys: [former.id], state: 'switched', total };
  if (!reseal) return { rotated, rotation: undefined };
  const rotation = await insertRotation(tx, uuidv7(at), row, { total, startedBy: scope.principal.id, at });
  return { rotated: rotatedOf(rotation, await listOldKeys(tx, of), false), rotation };
}

/** Page after page until it is over. */
async function finish(
  { transaction, chest, pause }: RotateParts,
  rotation: RotationRow,
  { perSecond, signal, onProgress }: RotateOptions,
): Promise<RotationRow> {
  const rowsMax = Math.max(
    1,
    Math.floor(Math.min(limits.resealBatchMax, perSecond ?? limits.resealBatchMax)),
  );
  let current = rotation;
  const memory: ResealMemory = {};
  tell(current);
  while (current.state === 'resealing') {
    if (signal?.aborted) throw new DartwingError('CANCELED');
    const before = current.done;
    current = await transaction((tx) => resealPage(tx, chest, rotation, rowsMax, memory));
    tell(current);
    if (perSecond !== undefined) await pause(((current.done - before) / perSecond) * 1000);
  }
  return current;

  function tell({ organization, purpose, done, total, failed }: RotationRow): void {
    // Values that were added after the count, and those of keys before the last.
    onProgress?.({ organization, purpose, done, failed, total: Math.max(total, done + failed) });
  }
}

/** Puts the proof on record. Twice, when two processes worked on it: both saw it. */
async function close(scope: Scope, begun: Rotated, end: RotationRow): Promise<Rotated> {
  const { organization, purpose, to_key: name, proof, done, failed } = end;
  await recordAct(
    scope,
    organization,
    'key.reseal',
    { doctype: 'Data Key', name },
    {
      new: { purpose, state: end.state, resealed: done, failed, proof },
    },
  );
  return {
    ...begun,
    state: end.state === 'done' ? 'done' : 'incomplete',
    resealed: done,
    failures: end.failures,
    proof,
  };
}

function plain(of: KeyPurpose): Omit<Rotated, 'new_key' | 'old_keys' | 'state' | 'total'> {
  return { ...of, resumed: false, resealed: 0, failures: [], proof: null };
}

function rotatedOf(rotation: RotationRow, old: readonly KeyRow[], resumed: boolean): Rotated {
  const { organization, purpose, to_key, total, done } = rotation;
  const old_keys = old.map(({ id }) => id);
  return {
    ...plain({ organization, purpose }),
    new_key: to_key,
    old_keys,
    resumed,
    state: 'incomplete',
    total,
    resealed: done,
  };
}

/** Values that every key of a purpose seals which is not destroyed. */
async function countAll(tx: Tx, of: KeyPurpose): Promise<number> {
  const columns = columnsOf(await listSealedColumns(tx), of.organization);
  const keys = (await listKeyRows(tx, of)).filter(
    ({ state }) => state === 'active' || state === 'decrypt_only',
  );
  const ids = keys.map(({ id }) => id);
  let total = 0;
  for (const column of columns)
    for (const count of (await countSealed(tx, column, of.organization, ids)).values()) total += count;
  return total;
}

/**
 * Wraps keys with the master key of today's provider, which were wrapped with another, or with a former version of it.
 * The keys stay the same, and so does everything they sealed.
 */
export async function rewrapKeys(
  { session, chest, transaction }: RotateParts,
  organization: string | undefined,
  call: CallOptions | undefined,
): Promise<{ rewrapped: number; total: number }> {
  const { keys, dryRun } = await session.run('key rotate', call, async (scope) => {
    authorize(scope, 'write', { doctype: 'Data Key', name: '*', ...(organization && { organization }) });
    return { keys: await listKeyRows(scope.tx, organization ? { organization } : {}), dryRun: scope.dryRun };
  });
  const alive = keys.filter(({ wrapped }) => wrapped !== null);
  if (dryRun) return { rewrapped: 0, total: alive.length };
  let rewrapped = 0;
  for (const key of alive) {
    const context = contextOf(key);
    const old = { master: key.master, wrapped: key.wrapped! };
    const secret = await chest.providerOf(key.provider).unwrap(old, context);
    const { master, wrapped } = await chest.provider.wrap(secret, context);
    secret.fill(0);
    const to = { provider: chest.provider.name, master, wrapped };
    if (await transaction((tx) => rewrapKey(tx, key, to))) rewrapped += 1;
  }
  await session.run('key rotate', call, async (scope) =>
    recordAct(
      scope,
      organization ?? systemOrganization,
      'key.rewrap',
      { doctype: 'Data Key', name: '*' },
      {
        new: { provider: chest.provider.name, master: chest.provider.master, keys: rewrapped },
      },
    ),
  );
  return { rewrapped, total: alive.length };
}
