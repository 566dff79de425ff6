/**
 * One step of resealing: a page of values that an old key seals is opened, sealed with the active key and written back,
 * and the rotation moves on, all in one transaction. So a process may die at any moment, and any number of them may
 * work on one rotation: they take turns on its row.
 */
import { randomBytes } from 'node:crypto';
import type { Tx } from '../db/index.js';
import { DartwingError, isDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import {
  columnsOf,
  countSealed,
  listSealedColumns,
  pageSealed,
  placeOf,
  type SealedColumn,
  type SealedRow,
  writeSealed,
} from './catalogue.js';
import type { KeyChest } from './data-keys.js';
import { bindPlace, saltBytes, sealEnvelope } from './envelope.js';
import { holdActiveKey } from './queries.js';
import {
  listOldKeys,
  lockRotation,
  moveRotation,
  type Position,
  type ProofLine,
  type ResealFailure,
  type RotationRow,
} from './rotation-queries.js';

/** The values of one old key in one column. */
interface Stretch {
  key: string;
  column: SealedColumn;
}

/** Behind the last stretch. */
const behindAll: Position = { key: '', table: '', column: '', after: [] };

/**
 * What one step leaves to the next of the same process: where there is something to do in this pass. A key that was
 * replaced gets no further values, so nothing is missed that way; the proof looks everywhere.
 */
export interface ResealMemory {
  stretches?: Stretch[];
}

/** Takes one step and returns the rotation as it stands then; it is over when its state says so. */
export async function resealPage(
  tx: Tx,
  chest: KeyChest,
  of: Pick<RotationRow, 'organization' | 'id'>,
  rowsMax: number,
  memory: ResealMemory = {},
): Promise<RotationRow> {
  const rotation = await lockRotation(tx, of);
  // It went with its organization.
  if (rotation === undefined) throw new DartwingError('ORGANIZATION_NOT_FOUND', { ref: of.organization });
  if (rotation.state !== 'resealing') return rotation;
  const { position } = rotation;
  if (position === null) delete memory.stretches;
  const isBehindAll = position?.key === behindAll.key;
  if (!isBehindAll)
    memory.stretches ??= (await countStretches(tx, rotation)).filter(({ count }) => count > 0);
  const stretches = memory.stretches ?? [];
  const { index, after } = placeIn(stretches, position);
  const stretch = isBehindAll ? undefined : stretches[index];
  const moved = stretch === undefined ? await endPass(tx, rotation) : await page(stretch, after);
  return moveRotation(tx, moved, tx.clock.now());

  async function page({ key, column }: Stretch, behind: readonly string[]): Promise<RotationRow> {
    const open = rotation!;
    const lock = open.pass === 1 ? 'skip' : 'wait';
    const rows = await pageSealed(tx, column, open.organization, key, { after: behind, rowsMax, lock });
    const { sealed, failures } = await sealAnew(tx, chest, open, column, rows);
    await writeSealed(tx, column, open.organization, sealed);
    const next = rows.length < rowsMax ? stretches[index + 1] : stretches[index];
    const last = rows.length < rowsMax ? [] : rows.at(-1)!.row;
    return {
      ...open,
      done: open.done + sealed.length,
      failed: open.failed + failures.length,
      failures: [...open.failures, ...failures].slice(0, limits.resealFailuresMax),
      position: next === undefined ? behindAll : positionAt(next, last),
    };
  }
}

/** Every old key in every sealed column of the catalogue, with what it still seals there. */
async function countStretches(tx: Tx, rotation: RotationRow): Promise<(Stretch & { count: number })[]> {
  const keys = (await listOldKeys(tx, rotation)).map(({ id }) => id);
  const stretches: (Stretch & { count: number })[] = [];
  for (const column of columnsOf(await listSealedColumns(tx), rotation.organization)) {
    const counts = await countSealed(tx, column, rotation.organization, keys);
    stretches.push(...keys.map((key) => ({ key, column, count: counts.get(key) ?? 0 })));
  }
  return stretches;
}

/** Where to go on. A stretch that is gone, as with a key that was retired, begins the pass anew. */
function placeIn(
  stretches: readonly Stretch[],
  position: Position | null,
): { index: number; after: string[] } {
  if (position === null) return { index: 0, after: [] };
  if (position.key === '') return { index: stretches.length, after: [] };
  const index = stretches.findIndex(
    ({ key, column }) =>
      key === position.key && column.table === position.table && column.column === position.column,
  );
  return index < 0 ? { index: 0, after: [] } : { index, after: position.after };
}

function positionAt({ key, column }: Stretch, after: string[]): Position {
  return { key, table: column.table, column: column.column, after };
}

async function sealAnew(
  tx: Tx,
  chest: KeyChest,
  { organization, purpose }: RotationRow,
  column: SealedColumn,
  rows: readonly SealedRow[],
): Promise<{ sealed: SealedRow[]; failures: ResealFailure[] }> {
  const sealed: SealedRow[] = [];
  const failures: ResealFailure[] = [];
  if (rows.length === 0) return { sealed, failures };
  const active = await holdActiveKey(tx, organization, purpose);
  if (active === undefined) throw new DartwingError('KEY_NOT_FOUND', { id: `of ${organization} ${purpose}` });
  const secret = await chest.secretOf(active);
  const salts = randomBytes(saltBytes * rows.length);
  for (const [index, { row, sealed: old }] of rows.entries()) {
    const salt = salts.subarray(index * saltBytes, (index + 1) * saltBytes);
    const place = bindPlace(placeOf(column, organization, row));
    try {
      const plain = await chest.open(tx, place, old);
      sealed.push({ row, sealed: sealEnvelope(secret, active.id, place, plain, salt) });
      plain.fill(0);
    } catch (error) {
      // A key service that does not answer concerns the next value just as well.
      if (!isDartwingError(error) || error.code !== 'SEAL_BROKEN') throw error;
      failures.push({ table: column.table, column: column.column, row, code: error.code });
    }
  }
  return { sealed, failures };
}

/**
 * Counts what old keys still seal. Nothing can be added any more: who sealed with them had ended before they were
 * replaced. What is left was held by others, for another pass, or does not open.
 */
async function endPass(tx: Tx, rotation: RotationRow): Promise<RotationRow> {
  const proof: ProofLine[] = (await countStretches(tx, rotation)).map(
    ({ key, column: { table, column }, count }) => ({ key, table, column, count }),
  );
  const left = proof.reduce((sum, { count }) => sum + count, 0);
  if (left === 0) return { ...rotation, state: 'done', proof };
  if (left <= rotation.failed || rotation.pass >= limits.resealPassesMax)
    return { ...rotation, state: 'incomplete', proof };
  return { ...rotation, pass: rotation.pass + 1, position: null, failed: 0, failures: [] };
}
