/** Looking at keys: what there is, what is overdue, and whether values open. */
import { authorize, type Scope } from '../access/index.js';
import { asDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import {
  columnsOf,
  countByKey,
  listSealedColumns,
  pageSealed,
  placeOf,
  type SealedColumn,
} from './catalogue.js';
import type { KeyChest } from './data-keys.js';
import { type KeyList, keyDocument } from './document.js';
import { openEnvelope } from './envelope.js';
import { type KeyRow, listKeyRows } from './queries.js';
import { listOpenRotations } from './rotation-queries.js';

/** One thing that was found; the same shape as in every report. */
export interface KeyFinding {
  id: string;
  severity: 'warn' | 'fail';
  what: string;
  fix: string;
  [fact: string]: unknown;
}

/** What an inspection found, and how many things were in order. */
export interface KeyFindings {
  findings: KeyFinding[];
  pass: number;
}

/** Keys with the number of values they seal. @throws PERMISSION_DENIED */
export async function listKeys(scope: Scope, organization: string | undefined): Promise<KeyList> {
  requireReading(scope, organization);
  const rows = await listKeyRows(scope.tx, organization === undefined ? {} : { organization });
  const counts = await countAll(scope, organization);
  const items = rows.map((row) => keyDocument(row, counts.get(row.id)?.count ?? 0));
  return { api_version: 'dartwing/v1', kind: 'KeyList', items, total_count: items.length };
}

/**
 * What needs attention: keys that are overdue, rotations that stand, values whose key does not open them any more, keys
 * of another master key than today's, and a key service that does not answer.
 */
export async function findKeyTrouble(
  scope: Scope,
  chest: KeyChest,
  organization: string | undefined,
): Promise<KeyFindings> {
  requireReading(scope, organization);
  const { tx, clock } = scope;
  const rows = await listKeyRows(tx, organization === undefined ? {} : { organization });
  const findings = [...(await findMasterTrouble(chest, rows))];
  const now = clock.now().getTime();
  for (const { id, organization: of, purpose, created_at: made, state } of rows) {
    const days = Math.floor((now - made.getTime()) / 86_400_000);
    if (state !== 'active' || now - made.getTime() <= limits.dataKeyMs) continue;
    const what = `Data key ${id} (${of}, ${purpose}) is ${days} days old`;
    const fix = `dartwing key rotate --org ${of} --reason "…"`;
    findings.push({ id: 'key.overdue', severity: 'warn', what, fix, key: id });
  }
  for (const { organization: of, purpose, done, total, heartbeat_at: seen } of await listOpenRotations(
    tx,
    organization,
  )) {
    const what = `A rotation (${of}, ${purpose}) is at ${done} of ${total}, and moved last at ${seen.toISOString()}`;
    const fix = `dartwing key rotate --org ${of} --reseal --reason "…"`;
    findings.push({ id: 'key.rotation', severity: 'warn', what, fix });
  }
  findings.push(...(await findOrphans(scope, rows, organization)));
  return { findings, pass: rows.length };
}

/** Opens samples of every key in every sealed column, retired keys too. */
export async function verifyKeys(
  scope: Scope,
  chest: KeyChest,
  organization: string | undefined,
  samples: number,
): Promise<KeyFindings> {
  requireReading(scope, organization);
  const rows = await listKeyRows(scope.tx, organization === undefined ? {} : { organization });
  const columns = await listSealedColumns(scope.tx);
  const result: KeyFindings = { findings: [], pass: 0 };
  for (const row of rows) {
    if (row.state === 'destroyed') continue;
    for (const column of columnsOf(columns, row.organization))
      await openSamples(scope, chest, row, column, samples, result);
  }
  result.findings.push(...(await findOrphans(scope, rows, organization)));
  return result;
}

async function openSamples(
  { tx }: Scope,
  chest: KeyChest,
  key: KeyRow,
  column: SealedColumn,
  samples: number,
  result: KeyFindings,
): Promise<void> {
  const options = { after: [], rowsMax: samples, lock: 'none' as const };
  const page = await pageSealed(tx, column, key.organization, key.id, options);
  if (page.length === 0) return;
  const where = `${column.table}.${column.column}`;
  try {
    const secret = await chest.secretOf(key);
    for (const { row, sealed } of page) {
      if (openEnvelope(secret, placeOf(column, key.organization, row), sealed) !== undefined)
        result.pass += 1;
      else
        result.findings.push({
          id: 'key.seal',
          severity: 'fail',
          what: `${where} of ${key.organization} ${row.join(' ')} does not open with data key ${key.id}`,
          fix: 'Restore the value from a backup, or enter it again',
          key: key.id,
          row,
        });
    }
  } catch (error) {
    const { message, code } = asDartwingError(error);
    const what = `Data key ${key.id} (${key.organization}, ${key.purpose}) cannot be opened: ${message}`;
    result.findings.push({
      id: 'key.open',
      severity: 'fail',
      what,
      fix: `dartwing explain ${code}`,
      key: key.id,
    });
  }
}

async function findMasterTrouble({ provider }: KeyChest, rows: readonly KeyRow[]): Promise<KeyFinding[]> {
  const findings: KeyFinding[] = [];
  await provider.check().catch((error: unknown) => {
    const { message, code } = asDartwingError(error);
    findings.push({ id: 'key.service', severity: 'fail', what: message, fix: `dartwing explain ${code}` });
  });
  const foreign = rows.filter(
    (row) => row.wrapped !== null && (row.provider !== provider.name || row.master !== provider.master),
  );
  if (foreign.length > 0) {
    const what = `${foreign.length} data keys are not wrapped with ${provider.name} ${provider.master}`;
    const fix = 'dartwing key rotate --all --rewrap --reason "…"';
    findings.push({ id: 'key.master', severity: 'warn', what, fix, count: foreign.length });
  }
  return findings;
}

/** Values whose key is not there, or is retired or destroyed. */
async function findOrphans(
  scope: Scope,
  rows: readonly KeyRow[],
  organization: string | undefined,
): Promise<KeyFinding[]> {
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  const findings: KeyFinding[] = [];
  for (const [id, { count, tables }] of await countAll(scope, organization)) {
    const state = states.get(id) ?? 'missing';
    if (state === 'active' || state === 'decrypt_only') continue;
    const what = `${count} values of ${tables.join(', ')} are sealed with data key ${id}, which is ${state}`;
    // Erasing is what destroying is for.
    const severity = state === 'destroyed' ? 'warn' : 'fail';
    findings.push({
      id: 'key.orphans',
      severity,
      what,
      fix: 'dartwing audit query --action key.destroy',
      key: id,
      count,
    });
  }
  return findings;
}

async function countAll({ tx }: Scope, organization: string | undefined) {
  const counts = new Map<string, { count: number; tables: string[] }>();
  for (const column of await listSealedColumns(tx)) {
    for (const [id, count] of await countByKey(tx, column, organization)) {
      const sum = counts.get(id) ?? { count: 0, tables: [] };
      counts.set(id, {
        count: sum.count + count,
        tables: [...sum.tables, `${column.table}.${column.column}`],
      });
    }
  }
  return counts;
}

function requireReading(scope: Scope, organization: string | undefined): void {
  authorize(scope, 'read', {
    doctype: 'Data Key',
    name: '*',
    ...(organization === undefined ? {} : { organization }),
  });
}
