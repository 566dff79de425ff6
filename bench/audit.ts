/**
 * The audit trail: what staging an entry adds to a transaction, and how many entries a second are sequenced and
 * verified. Commits wait for the disk.
 */
import type { Client } from 'pg';
import { stageAudit, stageAuditMany } from '../src/core/audit/index.js';
import { quoteIdentifier } from '../src/core/db/identifiers.js';
import type { Tx } from '../src/core/db/index.js';
import { stampPolicies } from '../src/core/db/policies.js';
import { roleNames } from '../src/core/db/roles.js';
import { createDartwing, type Dartwing } from '../src/core/index.js';
import { amountFigure, compare, type Figure, printReport, progress, ratioFigure, timed } from './measure.js';
import { rolePrefix, withDatabase, withServer } from './server.js';

const entries = 100_000;
const organizations = Array.from(
  { length: 10 },
  (_, index) => `ORG-2026-${String(index + 1).padStart(5, '0')}`,
);
const perTransaction = 1_000;
/** A million entries have to be verified in a minute. */
const goal = { entries: 1_000_000, seconds: 60 };

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const figures = await withServer(true, (server) =>
    withDatabase(server, 'audit', async (options, admin) => {
      await makeTables(admin);
      const dartwing = await createDartwing({ ...options, background: false });
      try {
        return [...(await staging(dartwing)), ...(await trail(dartwing))];
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
async function makeTables(admin: Client): Promise<void> {
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
  return [
    ratioFigure('insert with an entry against two inserts', await compare(plain, staged, { count: 400 })),
    ratioFigure(
      'insert with an entry against the insert alone',
      await compare(alone, staged, { count: 400 }),
    ),
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
  const sequencedMs = await timed(() => dartwing.audit.sequence())();
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
    amountFigure('verified', perSecond, '/s'),
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
