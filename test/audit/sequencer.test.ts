import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type AuditDatabase,
  type AuditEntry,
  type Queryable,
  type Sequencer,
  sequenceOnce,
  stageAudit,
  stageAuditMany,
  startSequencer,
  verifyTrails,
} from '../../src/core/audit/index.js';
import { atEnd } from '../support/ending.js';
import { openTrail, type Trail } from './trail.js';

let trail: Trail;
let organization: string;
let organizations = 0;

beforeAll(async () => {
  trail = await openTrail();
});
afterAll(() => trail.close());
beforeEach(() => {
  organization = `ORG-2026-${String(++organizations).padStart(5, '0')}`;
});

const options = () => ({ database: trail.database, role: trail.roles.sequencer, keys: [trail.key] });

function note(name: string | number): AuditEntry {
  return {
    action: 'create',
    actor: { type: 'person', id: 'PERSON-2026-00001' },
    via: 'library',
    ref: { doctype: 'Task', name: String(name) },
    new: { title: `Task ${name}` },
  };
}

async function events(): Promise<{ seq: number; name: string; action: string }[]> {
  const { rows } = await trail.superuser.query(
    'select seq::int, document_name as name, action from audit_event where organization = $1 order by seq',
    [organization],
  );
  return rows;
}

async function staged(): Promise<number> {
  const { rows } = await trail.superuser.query(
    'select count(*)::int as n from audit_stage where organization = $1',
    [organization],
  );
  return rows[0].n;
}

async function expectIntact(entries: number): Promise<void> {
  const report = await verifyTrails(trail.database, { organizations: [organization] });
  expect(report).toMatchObject({ ok: true, findings: [], summary: { entries } });
}

describe('sequencing', () => {
  it('chains staged entries in their order and clears the stage', async () => {
    await trail.asOrg(organization, (tx) => stageAuditMany(tx, [note('a'), note('b')]));
    await trail.asOrg(organization, (tx) => stageAudit(tx, note('c')));
    expect(await trail.sequence()).toEqual({ organizations: 1, entries: 3, failed: [] });
    expect(await events()).toEqual([
      { seq: 1, name: 'a', action: 'create' },
      { seq: 2, name: 'b', action: 'create' },
      { seq: 3, name: 'c', action: 'create' },
    ]);
    expect(await staged()).toBe(0);
    await expectIntact(3);
  });

  it('leaves no gap for transactions that were rolled back', async () => {
    for (let turn = 0; turn < 6; turn++) {
      const work = trail.asOrg(organization, async (tx) => {
        await stageAudit(tx, note(turn));
        if (turn % 2 === 1) throw new Error('changed my mind');
      });
      await work.catch(() => {});
    }
    await trail.sequence();
    expect((await events()).map((event) => [event.seq, event.name])).toEqual([
      [1, '0'],
      [2, '2'],
      [3, '4'],
    ]);
    await expectIntact(3);
  });

  it('takes a batch at a time and continues the chain', async () => {
    await trail.asOrg(organization, (tx) =>
      stageAuditMany(
        tx,
        Array.from({ length: 25 }, (_, n) => note(n)),
      ),
    );
    const rounds = [];
    for (let round = 0; round < 4; round++)
      rounds.push((await sequenceOnce({ ...options(), batch: 10 })).entries);
    expect(rounds).toEqual([10, 10, 5, 0]);
    await expectIntact(25);
  });

  it('is exactly once whichever statement the sequencer dies at', async () => {
    let statements = 0;
    await trail.asOrg(organization, (tx) => stageAudit(tx, note('first')));
    await sequenceOnce({ ...options(), database: dying(trail.database, () => void statements++) });
    for (let step = 1; step <= statements; step++) {
      await trail.asOrg(organization, (tx) => stageAuditMany(tx, [note(`${step} a`), note(`${step} b`)]));
      let count = 0;
      const database = dying(trail.database, async (tx) => {
        if (++count === step) await tx.query('select pg_terminate_backend(pg_backend_pid())');
      });
      await sequenceOnce({ ...options(), database }).catch(() => {});
      await trail.sequence();
      expect(await staged()).toBe(0);
    }
    expect(await events()).toHaveLength(1 + 2 * statements);
    await expectIntact(1 + 2 * statements);
  });

  it('puts audit.tamper in the place of an entry that was edited on the stage', async () => {
    await trail.asOrg(organization, (tx) => stageAuditMany(tx, [note('honest'), note('edited')]));
    await trail.superuser.query(
      `update audit_stage set body = convert_to(replace(convert_from(body, 'utf8'), 'Task edited', 'Task forged'), 'utf8')
       where organization = $1`,
      [organization],
    );
    await trail.sequence();
    expect((await events()).map((event) => event.action)).toEqual(['create', 'audit.tamper']);
    const { rows } = await trail.superuser.query(
      `select convert_from(body, 'utf8')::json -> 'new' as found from audit_event where organization = $1 and seq = 2`,
      [organization],
    );
    expect(rows[0].found).toMatchObject({
      key_id: 1,
      claimed: { action: 'create', doctype: 'Task', name: 'edited' },
    });
    await expectIntact(2);
  });

  it('notices a staged entry that was moved to another organization', async () => {
    await trail.asOrg('ORG-2026-90001', (tx) => stageAudit(tx, note('moved')));
    await trail.superuser.query('update audit_stage set organization = $1', [organization]);
    await trail.sequence();
    expect((await events()).map((event) => event.action)).toEqual(['audit.tamper']);
  });

  it('survives forged bytes that are no text at all', async () => {
    await trail.asOrg(organization, (tx) => stageAuditMany(tx, [note(1), note(2)]));
    await trail.superuser.query(
      `update audit_stage set body = case when id % 2 = 0 then '\\xff00'::bytea
        else convert_to('{"action":"\\ud800","ref":null}', 'utf8') end where organization = $1`,
      [organization],
    );
    expect((await trail.sequence()).failed).toEqual([]);
    expect((await events()).map((event) => event.action)).toEqual(['audit.tamper', 'audit.tamper']);
  });

  it('leaves entries of a key that it does not have for a sequencer that does', async () => {
    await trail.asOrg(organization, (tx) =>
      stageAudit({ ...tx, auditKey: { ...trail.key, id: 7 } }, note('later')),
    );
    expect(await trail.sequence()).toEqual({ organizations: 0, entries: 0, failed: [] });
    expect(await staged()).toBe(1);
    await sequenceOnce({ ...options(), keys: [trail.key, { ...trail.key, id: 7 }] });
    expect((await events()).map((event) => event.name)).toEqual(['later']);
  });

  it('opens the month once when many organizations enter it together', async () => {
    const { rows } = await trail.superuser.query(
      "select inhrelid::regclass as name from pg_inherits where inhparent = 'audit_event'::regclass",
    );
    for (const { name } of rows) await trail.superuser.query(`drop table ${name}`);
    const entering = Array.from({ length: 12 }, (_, n) => `ORG-2027-${String(n + 1).padStart(5, '0')}`);
    for (const name of entering) await trail.asOrg(name, (tx) => stageAudit(tx, note('first')));
    expect(await trail.sequence()).toEqual({ organizations: 12, entries: 12, failed: [] });
  });

  it('keeps time order when the clock of the server went back, and says so once', async () => {
    await trail.asOrg(organization, (tx) => stageAudit(tx, note('before')));
    await trail.sequence();
    await trail.superuser.query(
      "update audit_head set last_at = last_at + interval '40 days' where organization = $1",
      [organization],
    );
    await trail.asOrg(organization, (tx) => stageAuditMany(tx, [note('after'), note('later')]));
    await trail.sequence();
    await trail.asOrg(organization, (tx) => stageAudit(tx, note('last')));
    await trail.sequence();
    const { rows } = await trail.superuser.query(
      `select e.action, e.at > clock_timestamp() + interval '39 days' as ahead from audit_event e
       where organization = $1 and seq > 1 order by seq`,
      [organization],
    );
    expect(rows.map(({ action, ahead }) => [action, ahead])).toEqual([
      ['clock.skew', true],
      ['create', true],
      ['create', true],
      ['create', true],
    ]);
    await expectIntact(5);
  });
});

describe('a running sequencer', () => {
  const running: Sequencer[] = [];
  const start = (more = {}): Sequencer => {
    const sequencer = startSequencer({ ...options(), onFailure: () => {}, ...more });
    running.push(sequencer);
    return sequencer;
  };
  beforeEach(async () => {
    await Promise.all(running.splice(0).map((sequencer) => sequencer.stop()));
  });
  atEnd(() => Promise.all(running.map((sequencer) => sequencer.stop())));

  it('sequences within a quarter of a second of the ring', async () => {
    const { ring } = start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await trail.asOrg(organization, (tx) => stageAudit({ ...tx, ringAudit: ring }, note('now')));
    await vi.waitFor(async () => expect(await events()).toHaveLength(1), { timeout: 250, interval: 10 });
  });

  it('is woken from another process by NOTIFY, also after its connection was lost', async () => {
    const connections: { processID?: number }[] = [];
    start({
      listen: async () => {
        const client = await trail.listen();
        connections.push(client as { processID?: number });
        return client;
      },
    });
    await vi.waitFor(() => expect(connections).toHaveLength(1));
    await trail.superuser.query('select pg_terminate_backend($1)', [connections[0]!.processID]);
    await vi.waitFor(() => expect(connections).toHaveLength(2), { timeout: 3_000 });
    await trail.asOrg(organization, (tx) => stageAudit(tx, note('elsewhere')));
    await vi.waitFor(
      async () => {
        await trail.superuser.query('notify dartwing_audit');
        expect(await events()).toHaveLength(1);
      },
      { timeout: 2_000 },
    );
  });

  it('goes on after a failure and tells of it', async () => {
    const failures: unknown[] = [];
    let broken = true;
    const database: AuditDatabase = {
      transaction: (work) =>
        broken ? Promise.reject(new Error('no database')) : trail.database.transaction(work),
    };
    const sequencer = start({ database, onFailure: (error: unknown) => failures.push(error) });
    await trail.asOrg(organization, (tx) => stageAudit(tx, note('patient')));
    for (let rings = 0; rings < 100; rings++) sequencer.ring();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(failures).toHaveLength(1);
    broken = false;
    await vi.waitFor(async () => expect(await events()).toHaveLength(1), { timeout: 3_000 });
  });

  it('lets two sequencers and eight writers of one organization share the work', async () => {
    const sequencers = [start(), start()];
    const ring = () => {
      for (const sequencer of sequencers) sequencer.ring();
    };
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let turn = 0; turn < 25; turn++) {
        await trail.asOrg(organization, (tx) =>
          stageAudit({ ...tx, ringAudit: ring }, note(`${writer}/${turn}`)),
        );
      }
    });
    await Promise.all(writers);
    await vi.waitFor(async () => expect(await staged()).toBe(0), { timeout: 6_000 });
    const names = (await events()).map((event) => event.name);
    expect(new Set(names).size).toBe(200);
    for (let writer = 0; writer < 8; writer++) {
      const own = names.filter((name) => name.startsWith(`${writer}/`));
      expect(own).toEqual(Array.from({ length: 25 }, (_, turn) => `${writer}/${turn}`));
    }
    await expectIntact(200);
  });
});

/** A database that calls `before` ahead of every statement, on the same connection. */
function dying(database: AuditDatabase, before: (tx: Queryable) => void | Promise<void>): AuditDatabase {
  return {
    transaction: (work) =>
      database.transaction((tx) =>
        work({
          query: async (text, values, name) => {
            await before(tx);
            return tx.query(text, values, name);
          },
        }),
      ),
  };
}
