import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AuditEntry,
  type Queryable,
  queryAudit,
  stageAudit,
  verifyTrails,
} from '../../src/core/audit/index.js';
import { openTrail, type Trail } from './trail.js';

const ours = 'ORG-2026-00001';
const theirs = 'ORG-2026-00002';
const entry: AuditEntry = {
  action: 'create',
  actor: { type: 'person', id: 'PERSON-2026-00001' },
  via: 'http',
  ref: { doctype: 'Task', name: 'a' },
};
const reader = { actor: { type: 'person', id: 'PERSON-2026-00001' }, via: 'http' as const };
let trail: Trail;

beforeAll(async () => {
  trail = await openTrail();
  for (const organization of [ours, theirs]) await trail.asOrg(organization, (tx) => stageAudit(tx, entry));
  const round = await trail.sequence();
  expect(round).toEqual({ organizations: 2, entries: 2, failed: [] });
});
afterAll(() => trail.close());

/** The server's own words, which errors of the catalogue keep as their cause. */
function serverWords(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** What PostgreSQL says to a statement, in a transaction that is rolled back. */
async function answer(
  run: <T>(work: (tx: Queryable) => Promise<T>) => Promise<T>,
  sql: string,
): Promise<string> {
  const outcome = await run(async (tx) => {
    const { rowCount } = await tx.query(sql);
    throw new Error(`did it to ${rowCount} rows`);
  }).catch(serverWords);
  return outcome as string;
}

const asApp = <T>(work: (tx: Queryable) => Promise<T>) => trail.asOrg(ours, work);
const asSystem = <T>(work: (tx: Queryable) => Promise<T>) => trail.database.transaction(work);
const asSequencer = <T>(work: (tx: Queryable) => Promise<T>) =>
  trail.database.transaction(async (tx) => {
    await tx.query(`set local role ${trail.roles.sequencer}`);
    return work(tx);
  });
const asRole =
  (role: 'app' | 'owner') =>
  async <T>(work: (tx: Queryable) => Promise<T>): Promise<T> => {
    const client = await trail.superuser.connect();
    try {
      await client.query(`begin; set local role ${trail.roles[role]}`);
      return await work({
        query: async (text) => {
          const { rows, rowCount } = await client.query(text);
          return { rows, rowCount: rowCount ?? 0 };
        },
      });
    } finally {
      await client.query('rollback');
      client.release();
    }
  };

const insertEvent = `insert into audit_event select organization, seq + 1, at + interval '1 s', action, actor_type, actor_id,
  via, doctype, document_name, is_phi, request_id, body, leaf, chain from audit_event`;
const partition =
  "(select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_event'::regclass limit 1)";

describe('the fence around the trail', () => {
  const writes = [
    "update audit_event set action = 'x'",
    'delete from audit_event',
    'truncate audit_event',
    'insert into audit_event select * from audit_event on conflict do nothing',
    insertEvent,
    'update audit_head set seq = 1',
    'delete from audit_head',
    "insert into audit_head values ('X', 1, '', '{}', now(), now())",
    'select * from audit_stage',
    'delete from audit_stage',
    'update audit_stage set key_id = 2',
    'truncate audit_stage',
    'select ensure_audit_partition(now())',
    'alter table audit_event disable trigger all',
    'drop table audit_event',
  ];
  it.each(writes)('refuses the tenant role: %s', async (sql) => {
    expect(await answer(asApp, sql)).toMatch(/permission denied|must be owner/);
  });
  it.each(writes)('refuses the system role: %s', async (sql) => {
    expect(await answer(asSystem, sql)).toMatch(/permission denied|must be owner/);
  });
  it.each([
    "update audit_event set action = 'x'",
    'delete from audit_event',
    'truncate audit_event',
    'delete from audit_head',
    'update audit_stage set key_id = 2',
    'truncate audit_stage',
    'drop table audit_event',
  ])('refuses the sequencer: %s', async (sql) => {
    expect(await answer(asSequencer, sql)).toMatch(/permission denied|must be owner/);
  });

  it('keeps everybody from the partitions', async () => {
    const { rows } = await trail.superuser.query(`select ${partition} as name`);
    for (const run of [asApp, asSystem, asSequencer]) {
      for (const sql of [
        `select * from ${rows[0].name}`,
        `delete from ${rows[0].name}`,
        `truncate ${rows[0].name}`,
      ]) {
        expect(await answer(run, sql)).toMatch(/permission denied/);
      }
    }
  });

  it('holds the owner and the superuser by triggers that no replication role turns off', async () => {
    const { rows } = await trail.superuser.query(`select ${partition} as name`);
    expect(await answer(asRole('owner'), 'truncate audit_event')).toMatch(/immutable: truncate refused/);
    const client = await trail.superuser.connect();
    try {
      await client.query("set session_replication_role = 'replica'");
      for (const table of ['audit_event', rows[0].name]) {
        await expect(client.query(`update ${table} set action = 'x'`)).rejects.toThrow(
          /immutable: update refused/,
        );
        await expect(client.query(`delete from ${table}`)).rejects.toThrow(/immutable: delete refused/);
        await expect(client.query(`truncate ${table}`)).rejects.toThrow(/immutable: truncate refused/);
      }
    } finally {
      client.release(true);
    }
  });

  it('lets the tenant role stage for its own organization only', async () => {
    const foreign = trail.asOrg(ours, (tx) => stageAudit(tx, { ...entry, organization: theirs }));
    await expect(foreign).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const sql = "insert into audit_stage (organization, body, mac, key_id) values ('', '', '', 1)";
    expect(await answer(asRole('app'), sql)).toMatch(/row-level security/);
  });

  it('does not let a writer choose number or time of its staged row', async () => {
    const sql = `insert into audit_stage (organization, body, mac, key_id, at) values ('${ours}', '', '', 1, now())`;
    expect(await answer(asApp, sql)).toMatch(/permission denied/);
  });
});

describe('organization B', () => {
  it('sees nothing of organization A, however it asks', async () => {
    await trail.asOrg(theirs, async (tx) => {
      for (const table of ['audit_event', 'audit_head']) {
        const { rows } = await tx.query<{ organization: string }>(
          `select distinct organization from ${table}`,
        );
        expect(rows).toEqual([{ organization: theirs }]);
      }
    });
    // The reading would have to be recorded in A's trail, where B may not write.
    const reading = trail.asOrg(theirs, (tx) => queryAudit(tx, { organization: ours }, reader));
    await expect(reading).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('verifies its own trail and no other', async () => {
    const database = { transaction: <T>(work: (tx: Queryable) => Promise<T>) => trail.asOrg(theirs, work) };
    const report = await verifyTrails(database);
    expect(report).toMatchObject({ ok: true, summary: { organizations: 1 } });
    expect((await verifyTrails(database, { organizations: [ours] })).summary.entries).toBe(0);
  });

  it('sees nothing without a context', async () => {
    expect(await answer(asRole('app'), 'select * from audit_event')).toBe('did it to 0 rows');
  });
});
