/**
 * The audit trail: what staging an entry adds to a transaction, and how many entries a second are sequenced and
 * verified. Commits wait for the disk.
 */
import pg, { type Client as PgClient } from 'pg';
import { stageAudit, stageAuditMany } from '../src/core/audit/index.js';
import { quoteIdentifier } from '../src/core/db/identifiers.js';
import type { Tx } from '../src/core/db/index.js';
import { stampPolicies } from '../src/core/db/policies.js';
import { roleNames } from '../src/core/db/roles.js';
import { createDartwing, type Dartwing, type DartwingOptions, systemClock } from '../src/core/index.js';
import { amountFigure, compare, type Figure, printReport, progress, ratioFigure, timed } from './measure.js';
import { rolePrefix, withDatabase, withServer } from './server.js';

const entries = 100_000;
const organizations = Array.from(
  { length: 10 },
  (_, index) => `ORG-2026-${String(index + 1).padStart(5, '0')}`,
);
const perTransaction = 1_000;
/** Ten million in the long form; `DARTWING_BENCH_ENTRIES` for any other number. */
const historyEntries = Number(
  process.env.DARTWING_BENCH_ENTRIES ?? (process.env.DARTWING_BENCH_FULL ? 10_000_000 : 300_000),
);
/** Over how many months they were made: as long as trails are kept. */
const months = 84;
/** Two thousand entries a second. */
const lagging = { seconds: 10, writers: 8, turns: 25, batch: 10 };
/** A million entries have to be verified in a minute. */
const goal = { entries: 1_000_000, seconds: 60 };

/** `npm run bench -- audit history` runs one part. */
const parts = { staging, trail, lag, history } as const;

/** Prints the report. */
export async function bench({ json, words }: { json: boolean; words: readonly string[] }): Promise<void> {
  const wanted = Object.entries(parts).filter(([name]) => words.includes(name));
  const figures = await withServer(true, (server) =>
    withDatabase(server, 'audit', async (options, admin) => {
      await makeTables(admin);
      const dartwing = await createDartwing({ ...options, background: false });
      try {
        const found: Figure[] = [];
        for (const [, part] of wanted.length > 0 ? wanted : Object.entries(parts))
          found.push(...(await part(dartwing, admin, options)));
        return found;
      } finally {
        await dartwing.close();
      }
    }),
  );
  const notes = [
    'Staging: a transaction of one insert and one entry against one with a second insert of the same size instead.',
    `Sequenced and verified: ${entries.toLocaleString('en')} entries in ${organizations.length} organizations; the time for ${goal.entries.toLocaleString('en')} is extrapolated from that.`,
  ];
  printReport({ bench: 'audit', figures, notes }, json);
}

/** A tenant table for the change, and one that takes what the stage takes. */
async function makeTables(admin: PgClient): Promise<void> {
  const owner = quoteIdentifier(roleNames(rolePrefix).owner);
  await admin.query(`
    create table task (organization text, id bigint generated always as identity, title text, primary key (organization, id));
    create table plain_entry (organization text not null, id bigint generated always as identity, body bytea not null,
      mac bytea not null, key_id integer not null, at timestamptz not null default clock_timestamp(), primary key (organization, id));
    alter table task owner to ${owner};
    alter table plain_entry owner to ${owner}`);
  await stampPolicies(admin, 'dartwing', roleNames(rolePrefix));
}

async function staging(dartwing: Dartwing): Promise<Figure[]> {
  progress('staging');
  const body = Buffer.alloc(420, 'x');
  const mac = Buffer.alloc(32);
  const inTransaction = (work: (tx: Tx) => Promise<unknown>) =>
    timed(() =>
      dartwing.asOrg(organizations[0]!, (tx) =>
        Promise.all([
          tx.query(
            'insert into task (organization, title) values ($1, $2)',
            [tx.organization, 'A task'],
            'bench_task',
          ),
          work(tx),
        ]),
      ),
    );
  const alone = inTransaction(async () => {});
  const plain = inTransaction((tx) =>
    tx.query(
      'insert into plain_entry (organization, body, mac, key_id) values ($1, $2, $3, $4)',
      [tx.organization, body, mac, 1],
      'bench_plain',
    ),
  );
  const staged = inTransaction((tx) => stageAudit(tx, entry(1)));
  const composed = await timed(async () => {
    for (let n = 0; n < 2_000; n++) await stageAudit(nowhere, entry(n));
  })();
  return [
    ...(await writing(dartwing, composed / 2_000)),
    ratioFigure('insert with an entry against two inserts', await compare(plain, staged, { count: 400 })),
    ratioFigure(
      'insert with an entry against the insert alone',
      await compare(alone, staged, { count: 400 }),
    ),
  ];
}

/** A transaction that takes entries and sends nothing: what composing and sealing one costs. */
const nowhere = {
  organization: organizations[0]!,
  clock: systemClock,
  auditKey: { id: 1, secret: Buffer.alloc(32, 1) },
  query: async () => ({ rows: [], rowCount: 1 }),
  send: () => {},
  afterCommit: () => {},
};

/**
 * The same write of a document with the statement that stages its entry, and without it; composing the entry is in both, so
 * its time is taken off the one without. One organization that everybody writes to, alone and eight at once.
 */
async function writing(dartwing: Dartwing, composeMs: number): Promise<Figure[]> {
  progress('document writes');
  const { after } = await dartwing.tenancy.create({ slug: 'hot', type: 'company', owner: 'ana@hot.test' });
  const data = { title: 'A task', description: 'Call the patient back' };
  const { fields } = await dartwing.documents.doctypes.show('Task');
  const missing = fields.filter(
    (field) => field.required && !(field.name in data) && field.default === undefined,
  );
  const filled = Object.fromEntries(missing.map(({ name }) => [name, 'x']));
  const made = await Promise.all(
    Array.from({ length: 8 }, () =>
      dartwing.documents.create(after!.id, 'Task', { data: { ...data, ...filled } }),
    ),
  );
  const names = made.map((each) => each.after!.name);
  let turn = 0;
  const write = (atOnce: number) =>
    timed(async () => {
      await Promise.all(
        names
          .slice(0, atOnce)
          .map((name) => dartwing.documents.update(after!.id, 'Task', name, { title: `Title ${turn++}` })),
      );
    });
  const figures: Figure[] = [];
  for (const atOnce of [1, 8]) {
    const bare = write(atOnce);
    const without = async () => {
      unstaged.on = true;
      const ms = await bare();
      unstaged.on = false;
      if (unstaged.count === 0) throw new Error('nothing was left out: the statement went another way');
      unstaged.count = 0;
      return ms - composeMs * atOnce;
    };
    const compared = await compare(without, write(atOnce), { count: 400 });
    figures.push(
      ratioFigure(`document write with its entry against without, ${atOnce} at once`, compared, 1.15),
    );
  }
  figures.push(amountFigure('composing and authenticating an entry', composeMs * 1000, 'µs'));
  return figures;
}

/** While it is on, statements that stage entries do not leave this process. */
const unstaged = { on: false, count: 0 };
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (this: PgClient, ...given: [StatementOnItsWay]) {
  const [statement] = given;
  if (unstaged.on && statement?.name === 'dartwing_audit_stage') {
    unstaged.count += 1;
    process.nextTick(() => statement.callback(null, { rows: [], rowCount: 1 }));
    return statement;
  }
  return query.apply(this, given as never);
} as never;

interface StatementOnItsWay {
  name?: string;
  callback(error: null, result: object): void;
}

/**
 * One document's entries among many of its organization that were made in seven years, against the bare statement that an
 * index answers: in a transaction of its own that leaves the entry of a read as ours does, and in one that only reads.
 */
async function history(dartwing: Dartwing, admin: PgClient): Promise<Figure[]> {
  progress(`${historyEntries.toLocaleString('en')} entries`);
  const organization = 'ORG-2026-00999';
  await admin.query('alter table audit_event disable trigger user');
  await admin.query(
    `select ensure_audit_partition(now() - n * interval '1 month') from generate_series(0, $1::integer) n`,
    [months],
  );
  await admin.query(
    `insert into audit_head (organization, seq, chain, frontier, genesis_at, last_at)
     values ($1, $2, '', '{}', now(), now())`,
    [organization, historyEntries],
  );
  await admin.query(
    `insert into audit_event (organization, seq, at, action, actor_type, actor_id, via, doctype, document_name, is_phi,
       request_id, body, leaf, chain, previous)
     select $1, n, now() - $4 * interval '1 month' * (1 - n::float8 / $2) , 'update', 'person', 'PERSON-2026-00007', 'http',
       'Task', 'TASK-' || n % $3, false, null, convert_to(json_build_object('v', 1, 'org', $1::text, 'id', n, 'at',
       '2026-11-23T00:00:00.000Z', 'action', 'update', 'actor', json_build_object('type', 'person', 'id', 'PERSON-2026-00007'),
       'via', 'http', 'ref', json_build_object('doctype', 'Task', 'name', 'TASK-' || n % $3), 'is_phi', false, 'new',
       json_build_object('title', repeat('x', 200)))::text, 'UTF8'), sha256(n::text::bytea), sha256(n::text::bytea), sha256((n - 1)::text::bytea)
     from generate_series(1, $2::bigint) n`,
    [organization, historyEntries, historyEntries / 100, months],
  );
  await admin.query('analyze audit_event');
  const limit = 100;
  const select = (tx: Tx) =>
    tx.query(
      `select organization, seq, at, body, chain from audit_event
       where organization = $1 and doctype = 'Task' and document_name = 'TASK-7' order by at desc limit $2`,
      [organization, limit],
      'bench_history',
    );
  const audited = timed(() => dartwing.asSystem('bench', select));
  const bare = timed(() => dartwing.asOrg(organization, select));
  const query = timed(async () => {
    const { items } = await dartwing.audit.query({ organization, doctype: 'Task', name: 'TASK-7', limit });
    if (items.length !== limit) throw new Error(`${items.length} entries of the document`);
  });
  const ours = async () => {
    const ms = await query();
    // What reading left is sequenced between two readings, as it is where a sequencer runs.
    await dartwing.audit.sequence();
    return ms;
  };
  const what = `history of one document among ${historyEntries.toLocaleString('en')} entries`;
  return [
    ratioFigure(what, await compare(audited, ours, { count: 200 }), 2),
    ratioFigure(`${what}, against a read that leaves no entry`, await compare(bare, ours, { count: 200 })),
  ];
}

/**
 * How long an entry waits between its making and its place in the trail while somebody stages two thousand a second, ten in
 * a transaction, in all organizations at once. Both times are of this machine: the writer's clock and the database's.
 */
async function lag(dartwing: Dartwing, admin: PgClient, options: DartwingOptions): Promise<Figure[]> {
  progress('two thousand entries a second');
  await dartwing.audit.sequence();
  const since = new Date();
  const working = await createDartwing({ ...options, background: true });
  let staged = 0;
  const started = performance.now();
  const write = async (writer: number) => {
    for (let turn = 0; turn < lagging.seconds * lagging.turns; turn++) {
      const due = started + (turn * 1000) / lagging.turns - performance.now();
      if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
      const organization = organizations[(turn + writer) % organizations.length]!;
      const batch = Array.from({ length: lagging.batch }, (_, index) => entry(turn * lagging.batch + index));
      await working.asOrg(organization, (tx) => stageAuditMany(tx, batch));
      staged += lagging.batch;
    }
  };
  await Promise.all(Array.from({ length: lagging.writers }, (_, writer) => write(writer)));
  const seconds = (performance.now() - started) / 1000;
  await working.close();
  await dartwing.audit.sequence();
  const { rows } = await admin.query<{ entries: number; half: number; most: number; worst: number }>(
    `select count(*)::integer as entries, percentile_cont(0.5) within group (order by ms) as half,
       percentile_cont(0.99) within group (order by ms) as most, max(ms) as worst
     from (select extract(epoch from at - (convert_from(body, 'UTF8')::jsonb ->> 'at')::timestamptz)::float8 * 1000 as ms
       from audit_event where organization = any ($1) and at >= $2 and action = 'update') entry`,
    [organizations, since],
  );
  const { entries: seen, half, most, worst } = rows[0]!;
  if (seen !== staged) throw new Error(`${staged} entries were staged and ${seen} are in the trails`);
  return [
    amountFigure('staged while the lag is measured', staged / seconds, '/s'),
    amountFigure('lag of the sequencer, half of the entries', half, 'ms'),
    amountFigure('lag of the sequencer, 99 of 100', most, 'ms', { atMost: 500 }),
    amountFigure('lag of the sequencer, the worst', worst, 'ms'),
  ];
}

async function trail(dartwing: Dartwing): Promise<Figure[]> {
  progress('staging what is to be sequenced');
  await dartwing.audit.sequence();
  const rounds = entries / organizations.length / perTransaction;
  const stagedMs = await timed(async () => {
    for (let round = 0; round < rounds; round++) {
      for (const organization of organizations) {
        const batch = Array.from({ length: perTransaction }, (_, index) =>
          entry(round * perTransaction + index),
        );
        await dartwing.asOrg(organization, (tx) => stageAuditMany(tx, batch));
      }
    }
  })();
  progress('sequencing');
  const before = process.cpuUsage();
  const sequencedMs = await timed(() => dartwing.audit.sequence())();
  const sequencing = process.cpuUsage(before);
  progress('verifying');
  let verified = 0;
  const processor = process.cpuUsage();
  const verifiedMs = await timed(async () => {
    const report = await dartwing.audit.verify();
    if (!report.ok) throw new Error(`the trail does not verify: ${JSON.stringify(report.findings[0])}`);
    verified = report.summary.entries;
  })();
  const { user, system } = process.cpuUsage(processor);
  const perSecond = (verified * 1000) / verifiedMs;
  const million = `verification of ${goal.entries.toLocaleString('en')}, extrapolated`;
  return [
    amountFigure(`staged, ${perTransaction} a transaction`, (entries * 1000) / stagedMs, '/s'),
    amountFigure('sequenced', (entries * 1000) / sequencedMs, '/s'),
    amountFigure(
      'sequenced, each second of processor time without the database’s',
      (entries * 1e6) / (sequencing.user + sequencing.system),
      '/s',
    ),
    amountFigure('verified', perSecond, '/s'),
    amountFigure('verified, each second of processor time', (verified * 1e6) / (user + system), '/s', {
      atLeast: 50_000,
    }),
    amountFigure(`${million}: clock`, goal.entries / perSecond, 's', { atMost: goal.seconds }),
    amountFigure(`${million}: cpu`, (goal.entries / verified) * ((user + system) / 1e6), 's'),
  ];
}

function entry(number: number) {
  return {
    action: 'update',
    actor: { type: 'person', id: 'PERSON-2026-00007' },
    via: 'http',
    ref: { doctype: 'Task', name: `TASK-${number}` },
    old: { title: 'A task', status: 'open', assigned_to: null },
    new: { title: 'A task', status: 'closed', assigned_to: 'PERSON-2026-00007' },
    requestId: `req_${number}`,
  } as const;
}
