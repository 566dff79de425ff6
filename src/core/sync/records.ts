/**
 * Operations on documents that mirror records of another room. Conflicts are judged as those of any document; what
 * comes out is written by the verbs of that room, so its rules hold for offline clients too. The document follows its
 * record as always, here at once instead of at the end of the transaction, so that the answer has its version.
 */
import type { Scope } from '../access/index.js';
import {
  type Data,
  findVersionsSince,
  lockDocuments,
  type Registry,
  type Written,
} from '../documents/index.js';
import { DartwingError, isDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { errorOf, type Item } from './item.js';
import { type Case, judge, type Verdict } from './judge.js';
import { followNow, signChange } from './push-queries.js';
import { sameValue } from './strategies/index.js';

/** The verbs of a room whose records are written as documents. */
export interface RecordWriter {
  /** Holds a record until the transaction ends. */
  lock(scope: Scope, name: string): Promise<void>;
  /** Creates one and returns its name. */
  create(scope: Scope, data: Data): Promise<string>;
  /** Sets fields. */
  change(scope: Scope, name: string, data: Data): Promise<void>;
  remove(scope: Scope, name: string): Promise<void>;
}

export interface RecordBatch {
  scope: Scope;
  registry: Registry;
  origin: string;
  records: ReadonlyMap<string, RecordWriter>;
  /** Names on the server by doctype and temporary name. */
  names: Map<string, string>;
  caseOf: (item: Item) => Pick<Case, 'reachOf' | 'rules'>;
}

/** Carries operations out one after another, each in a savepoint of its own. */
export async function writeRecords(
  batch: RecordBatch,
  items: readonly Item[],
): Promise<{ verdicts: Verdict[]; written: Written[] }> {
  const verdicts: Verdict[] = [];
  const written: Written[] = [];
  const stopped = new Set<string>();
  const { tx } = batch.scope;
  for (const item of items) {
    item.name = batch.names.get(`${item.doctype.name}/${item.name}`) ?? item.name;
    const key = `${item.doctype.name}/${item.name}`;
    if (stopped.has(key)) {
      const error = errorOf(new DartwingError('OPERATION_BLOCKED', { ref: key }));
      verdicts.push({ item, outcome: 'blocked', error, state: undefined });
      continue;
    }
    await tx.query('savepoint record');
    try {
      const { verdict, change } = await writeOne(batch, item);
      verdicts.push(verdict);
      if (change !== undefined) written.push(change);
      if (verdict.outcome === 'rejected' || verdict.outcome === 'conflict') stopped.add(key);
      if (item.temporary !== undefined) batch.names.set(`${item.doctype.name}/${item.temporary}`, item.name);
    } catch (error) {
      // Anything but a refusal ends the whole batch: deadlocks are tried again, faults are told.
      if (!isDartwingError(error) || error.kind === 'internal') throw error;
      await tx.query('rollback to savepoint record');
      verdicts.push({ item, outcome: 'rejected', error: errorOf(error), state: undefined });
      stopped.add(key);
    }
    await tx.query('release savepoint record');
  }
  return { verdicts, written };
}

async function writeOne(
  batch: RecordBatch,
  item: Item,
): Promise<{ verdict: Verdict; change: Written | undefined }> {
  const { scope, records, registry } = batch;
  const doctype = item.doctype.name;
  const room = records.get(doctype);
  if (room === undefined) throw new DartwingError('DOCUMENT_READ_ONLY', { doctype });
  if (item.op === 'undelete')
    throw new DartwingError('VALIDATION_ERROR', { message: `a deleted ${doctype} is created anew` });
  if (item.op === 'insert') {
    item.name = await room.create(scope, item.data);
    return settle(batch, { item, outcome: 'applied', state: undefined }, 0);
  }
  const { tx } = scope;
  await room.lock(scope, item.name);
  const [row] = await lockDocuments(tx, registry, tx.organization!, [{ doctype, name: item.name }]);
  const isOld = row !== undefined && item.baseVersion < row.version;
  const history = isOld
    ? await findVersionsSince(
        tx,
        registry,
        tx.organization!,
        [{ doctype, name: item.name, from: Math.max(item.baseVersion, 1) }],
        limits.ownHistoryMax + 1,
      )
    : [];
  const given: Case = { scope, ...batch.caseOf(item), origin: batch.origin, row, history, isDisputed: false };
  const verdict = judge(given, [item]).verdicts[0]!;
  const before = row?.version ?? 0;
  if ((verdict.state?.version ?? 0) === before || row === undefined) return { verdict, change: undefined };
  if (verdict.state!.deleted) await room.remove(scope, item.name);
  else await room.change(scope, item.name, differences(row.data, verdict.state!.data));
  return settle(batch, verdict, before);
}

function differences(old: Data, current: Data): Data {
  const moved = Object.entries(current).filter(([field, value]) => !sameValue(value, old[field] ?? null));
  return Object.fromEntries(moved);
}

/** Lets the document follow, and writes down whose operation it was. */
async function settle(
  { scope, origin, registry }: RecordBatch,
  verdict: Verdict,
  before: number,
): Promise<{ verdict: Verdict; change: Written | undefined }> {
  const { tx, principal } = scope;
  const { item } = verdict;
  const ref = { doctype: item.doctype.name, name: item.name };
  await followNow(tx);
  const [row] = await lockDocuments(tx, registry, tx.organization!, [ref]);
  if (row === undefined || row.version === before) return { verdict, change: undefined };
  const inLog =
    verdict.outcome === 'applied' && verdict.conflict === undefined && item.temporary === undefined;
  const { version, deleted, owner, data } = row;
  const seq = await signChange(
    tx,
    tx.organization!,
    { ...ref, from: before + 1, version },
    {
      by: principal.id,
      origin,
      operation: inLog ? item.id : null,
      request: item.request,
    },
  );
  return {
    verdict: { ...verdict, state: { version, deleted, owner, data: deleted ? {} : data } },
    change: { seq, ...ref, version, data: deleted ? null : JSON.stringify(data), owner },
  };
}
