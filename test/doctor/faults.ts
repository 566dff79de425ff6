/**
 * What can go wrong with an installation: how it is made to happen, and how an operator ends it. The table in
 * docs/faults.md says the same for people; a test holds both equal.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { loadConfig } from '../../src/core/config.js';
import { type Dartwing, type DartwingOptions, systemClock } from '../../src/core/index.js';
import { createServer } from '../../src/server/index.js';
import { openReceiver } from '../alerts/world.js';
import { startMailServer } from '../mail/smtp.js';
import { startRedis } from '../realtime/redis.js';
import { ahead } from '../support/ahead.js';
import type { TestDatabase } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { openGateway } from '../support/gateway.js';
import type { Operator } from '../support/operator.js';
import { freePort } from '../support/port.js';

export interface FaultWorld {
  database: TestDatabase;
  dartwing: Dartwing;
  operator: Operator;
  /** Id of the organization `acme`. */
  acme: string;
  folder: string;
  /** Another process, closed at the end. */
  open(more: Partial<DartwingOptions>): Promise<Dartwing>;
  /** Runs what stands in line, as a worker does, and stops. */
  work(): Promise<void>;
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

/** What a fault leaves to be looked at. */
export interface Injected {
  /** The process that keeps samples and evaluates; the world's own unless told. */
  process?: Dartwing;
  /** Environment of doctor. */
  env?: Record<string, string>;
  /** By how much the clock of this machine is wrong. */
  skewMs?: number;
  /** Done between rounds, for what has to go on. */
  between?: () => Promise<unknown>;
  /** How a round is done, and whether the alert fires, where nobody can ask the database. */
  look?: (seconds: number) => Promise<unknown>;
  fires?: () => boolean;
  mend(): Promise<unknown>;
}

export interface Fault {
  title: string;
  alert: string;
  /** Which check of doctor tells it, and how bad it says that is. */
  doctor: string;
  says: 'warn' | 'fail';
  /** What repairs it, as in the table. */
  repair: string;
  /** How it is made to happen: as it would in earnest, so that only time is made to pass, or by the rows that it would leave. */
  how: 'real' | 'time' | 'rows';
  /** A program that the fault needs. */
  needs?: string;
  /** Whether it can be made to happen here. */
  isPossible?: () => boolean;
  /** Seconds between looks before the one at which it fires; what has to go on is done before each. */
  rounds?: readonly number[];
  /** Seconds after which nothing of it is left in the windows of its rule; five minutes unless told. */
  lingers?: number;
  inject(world: FaultWorld): Promise<Injected>;
}

const letters = (count: number, losses = 0) =>
  `insert into job_dead_letter (organization, number, queue, type, state, priority, attempt, attempts_max, timeout_ms,
     principal, owner, input, ended_at, triage, created_at, has_children, replays, losses)
   select $1, ${900_000 + losses * 1_000} + n, 'default', 'note.write', 'dead_letter', 2, 1, 1, 1000, '{"type":"system","id":"test"}', 'x', '{}', now(),
     'pending', now(), false, 0, ${losses} from generate_series(1, ${count}) n`;

/** An authorization as connecting leaves it, in another state. */
async function authorize(
  { dartwing, sql, acme }: FaultWorld,
  provider: string,
  status: string,
): Promise<void> {
  const id = randomUUID();
  const place = { organization: acme, table: 'organization_integration', column: 'credentials', row: [id] };
  const sealed = await dartwing.asOrg('acme', (tx) => dartwing.keys.seal(tx, 'token', place, '{}'));
  await sql('delete from organization_integration where organization = $1', [acme]);
  await sql(
    `insert into organization_integration (organization, id, provider, account, auth, status, credentials, connected_by,
       connected_at, modified_at)
     values ($1, $2, $5, 'default', 'api_key', $3, $4, 'ana', now() - interval '1 day', now())`,
    [acme, id, status, sealed, provider],
  );
}

export const faults: readonly Fault[] = [
  {
    title: 'The database does not answer, or is started anew',
    alert: 'database_down',
    doctor: 'database',
    says: 'fail',
    repair: 'start PostgreSQL again; processes find it by themselves',
    how: 'real',
    inject: async ({ open, database }) => {
      const receiver = await openReceiver();
      const gateway = await openGateway(database.url);
      let monotonic = 0;
      const clock = { ...systemClock, monotonicMs: () => monotonic };
      const alerts = { installation: 'test', webhook: { url: receiver.url } };
      const process = await open({ url: gateway.url, clock, alerts });
      const watch = process.alerts.watch({ everyMs: 3_600_000 });
      atEnd(() => watch.stop());
      await watch.round();
      await gateway.close();
      const told = () =>
        receiver.received.filter(({ body }) => body.groupLabels?.alertname === 'database_down').at(-1);
      return {
        env: { DATABASE_URL: gateway.url },
        look: async (seconds) => {
          monotonic += seconds * 1_000;
          await watch.round();
        },
        fires: () => told()?.body.status === 'firing',
        mend: () => gateway.open(),
      };
    },
  },
  {
    title: 'A disk is nearly full',
    alert: 'disk_full',
    doctor: 'processes',
    says: 'fail',
    repair: 'make space on the machine that doctor names',
    needs: 'unshare',
    isPossible: () => spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0,
    how: 'real',
    inject: async ({ open }) => {
      // A small disk that only this process of a shell sees, and whoever looks through it.
      const fill =
        'mount -t tmpfs -o size=8m none /mnt && head -c 8200000 /dev/zero > /mnt/fill && echo ready && exec sleep 600';
      const child = spawn('unshare', ['-rm', 'sh', '-c', fill], { stdio: ['ignore', 'pipe', 'ignore'] });
      atEnd(() => child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      const folder = `/proc/${child.pid}/root/mnt`;
      return {
        process: await open({ watchedFolder: folder }),
        mend: async () => rmSync(join(folder, 'fill')),
      };
    },
  },
  {
    title: 'Redis is gone',
    alert: 'realtime_degraded',
    doctor: 'redis',
    says: 'fail',
    repair: 'start Redis again; servers find it by themselves',
    needs: 'redis-server',
    how: 'real',
    inject: async ({ open }) => {
      const { url, kill, start } = await startRedis();
      const process = await open({ realtime: { redisUrl: url } });
      const server = createServer(process, { realtime: {} });
      const { close } = await server.listen({ host: '127.0.0.1', port: 0 });
      await until(async () => (await degraded(process)) === 0);
      await kill();
      await until(async () => (await degraded(process)) === 1);
      return {
        process,
        env: { REDIS_URL: url },
        mend: async () => {
          await start();
          await until(async () => (await degraded(process)) === 0);
          return {
            end: async () => {
              await close();
              await kill();
            },
          };
        },
      };
    },
  },
  {
    title: 'A job runs far beyond its time',
    alert: 'job_stuck',
    doctor: 'jobs',
    says: 'fail',
    repair: 'dartwing job cancel JOB-2026-00042',
    how: 'rows',
    inject: async ({ dartwing, operator, sql, work }) => {
      const { job } = await dartwing.jobs.submit('acme', 'note.write', {});
      const worker = '00000000-0000-4000-8000-000000000001';
      await sql(
        `insert into job_worker (id, name, host, pid, slots, seen_at) values ($1, 'lost', 'host', 1, '{}', now() - interval '1 minute')`,
        [worker],
      );
      await sql(
        `update job set state = 'running', attempt = 1, worker = $1, started_at = now() - interval '1 hour'
         where 'JOB-' || extract(year from created_at) || '-' || lpad(number::text, 5, '0') = $2`,
        [worker, job.id],
      );
      return {
        mend: async () => {
          await operator.ask(`job cancel ${job.id} --yes`);
          // Its worker will not come back: the next one ends what was canceled.
          await work();
        },
      };
    },
  },
  {
    title: 'An authorization of another service has ended',
    alert: 'tokens_expired',
    doctor: 'integrations',
    says: 'fail',
    repair: 'dartwing token connect telnyx --org acme --token-stdin < telnyx.key',
    how: 'rows',
    inject: async (world) => {
      await authorize(world, 'telnyx', 'expired');
      return {
        mend: () =>
          world.operator.ask('token connect telnyx --org acme --token-stdin', { input: 'KEY0123456789' }),
      };
    },
  },
  {
    title: 'Calls to another service fail',
    alert: 'integration_failing',
    doctor: 'integrations',
    says: 'warn',
    repair: 'dartwing token revoke telnyx --org acme --reason "…"',
    how: 'rows',
    inject: async (world) => {
      await authorize(world, 'telnyx', 'error');
      return { mend: () => world.operator.ask('token revoke telnyx --org acme --reason test --yes') };
    },
  },
  {
    title: 'The master key is another one',
    alert: 'nothing_runs',
    doctor: 'keys',
    says: 'fail',
    repair: 'set DARTWING_MASTER_KEY_FILE to the key of this database',
    how: 'real',
    inject: async () => {
      // A process with another key does not start, so none tells of itself.
      const env: Record<string, string> = { DARTWING_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') };
      return {
        env,
        mend: async () => {
          delete env.DARTWING_MASTER_KEY;
        },
      };
    },
  },
  {
    title: 'Entries of an audit trail are gone',
    alert: 'trail_broken',
    doctor: 'audit',
    says: 'fail',
    repair: 'dartwing audit restore --reason "…"',
    how: 'real',
    inject: async ({ dartwing, operator, sql, acme }) => {
      await dartwing.audit.checkpoint();
      await dartwing.audit.seal();
      await sql('alter table audit_event disable trigger user');
      const [{ last }] = (await sql(
        'select max(seq)::int - 1 as last from audit_event where organization = $1',
        [acme],
      )) as [{ last: number }];
      const cut = `organization = '${acme}'`;
      await sql(`delete from audit_event where ${cut} and seq > ${last}`);
      await sql(`update audit_head set seq = ${last}, (chain, last_at) = (select chain, at from audit_event
        where ${cut} and seq = ${last}), frontier = array[decode('00', 'hex')] where ${cut}`);
      await sql('alter table audit_event enable always trigger audit_event_immutable');
      await dartwing.jobs.schedules.run('audit.verification');
      return {
        mend: async () => {
          await operator.ask('audit restore --reason test --yes');
          await dartwing.jobs.schedules.run('audit.verification');
        },
      };
    },
  },
  {
    title: 'Row-level security is off on a table',
    alert: 'isolation_broken',
    doctor: 'isolation',
    says: 'fail',
    repair: 'dartwing migrate up --repair-policies',
    how: 'real',
    inject: async ({ sql, operator }) => {
      await sql('alter table document disable row level security');
      return { mend: () => operator.ask('migrate up --repair-policies --yes') };
    },
  },
  {
    title: 'Every connection of a pool is in use',
    alert: 'database_pool',
    doctor: 'processes',
    says: 'warn',
    repair: 'dartwing config set pool_max 20',
    how: 'real',
    inject: async ({ open, operator, folder }) => {
      const cwd = mkdtempSync(join(folder, 'project-'));
      await operator.ask('config set pool_max 2', { cwd });
      /** A server as its configuration says, with two callers that take their time. */
      const start = async () => {
        const config = await loadConfig({ env: {}, cwd, flags: {} });
        const process = await open({ poolConnectionsMax: config.values.poolMax });
        let release = () => {};
        const released = new Promise<void>((resolve) => {
          release = resolve;
        });
        const holding = [0, 1].map(() => process.asOrg('acme', () => released));
        await until(async () => (await process.metrics.meter.values()).some(isBusyPool));
        const end = async () => {
          release();
          await Promise.all(holding);
        };
        atEnd(() => release());
        return { process, end };
      };
      const first = await start();
      const injected: Injected = {
        process: first.process,
        mend: async () => {
          await operator.ask('config set pool_max 20', { cwd });
          // Processes read it when they start.
          await first.end();
          const second = await start();
          injected.process = second.process;
          return { end: second.end };
        },
      };
      return injected;
    },
  },
  {
    title: 'The clock of a machine is wrong',
    alert: 'clock_skew',
    doctor: 'clock',
    says: 'warn',
    repair: 'timedatectl set-ntp true',
    how: 'time',
    inject: async ({ open }) => {
      let skewMs = 10_000;
      const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + skewMs) };
      const injected: Injected = {
        process: await open({ clock: ahead(clock) }),
        skewMs,
        mend: async () => {
          skewMs = 0;
          injected.skewMs = 0;
        },
      };
      return injected;
    },
  },
  {
    title: 'Urgent jobs wait because their queue is paused',
    alert: 'critical_queue_backlog',
    doctor: 'queues',
    says: 'warn',
    repair: 'dartwing queue resume critical',
    how: 'real',
    inject: async ({ dartwing, operator, work }) => {
      await dartwing.jobs.queues.pause('critical', {}, { reason: 'test' });
      const inputs = Array.from({ length: 101 }, (_, n) => ({ n }));
      await dartwing.jobs.submitMany('acme', 'note.urgent', inputs);
      return {
        mend: async () => {
          await operator.ask('queue resume critical');
          await work();
        },
      };
    },
  },
  {
    title: 'Jobs wait and no worker runs',
    alert: 'no_workers',
    doctor: 'workers',
    says: 'fail',
    repair: 'dartwing worker',
    how: 'time',
    inject: async ({ dartwing, sql, work }) => {
      await dartwing.jobs.submit('acme', 'note.write', { waits: true });
      await sql(
        `update job set queued_at = now() - interval '10 minutes', created_at = now() - interval '10 minutes'`,
      );
      return { mend: work };
    },
  },
  {
    title: 'Dead letters wait for a decision',
    alert: 'dead_letters',
    doctor: 'queues',
    says: 'warn',
    repair: 'dartwing dlq discard --all --reason "…"',
    how: 'real',
    inject: async ({ dartwing, work, operator }) => {
      await dartwing.jobs.submitMany(
        'acme',
        'note.refused',
        Array.from({ length: 51 }, (_, n) => ({ n })),
      );
      await work();
      return {
        mend: () =>
          operator.ask('dlq discard --all --type note.refused --reason test --confirm note.refused'),
      };
    },
  },
  {
    title: 'A job costs every worker its life',
    alert: 'worker_crashes',
    doctor: 'jobs',
    says: 'fail',
    repair: 'dartwing job disable note.write',
    how: 'rows',
    inject: async ({ sql, acme, operator }) => {
      await sql(letters(1, 2), [acme]);
      return {
        mend: async () => {
          await operator.ask('job disable note.write --reason test --yes');
          await operator.ask('dlq discard --all --type note.write --reason test --confirm note.write');
          await operator.ask('job enable note.write');
        },
      };
    },
  },
  {
    title: 'A worker fell silent while it held jobs',
    alert: 'worker_lost',
    doctor: 'workers',
    says: 'warn',
    repair: 'dartwing worker',
    how: 'rows',
    inject: async ({ sql, work }) => {
      await sql(
        `insert into job_worker (id, name, host, pid, slots, seen_at)
         values (gen_random_uuid(), 'gone', 'host', 1, '{}', now() - interval '1 minute')`,
      );
      return { mend: work };
    },
  },
  {
    title: 'Work by the clock fails',
    alert: 'schedule_failed',
    doctor: 'schedules',
    says: 'warn',
    repair: 'dartwing schedule run tokens.cleanup',
    how: 'rows',
    inject: async ({ sql, dartwing, operator }) => {
      await dartwing.jobs.schedules.run('tokens.cleanup');
      await sql(
        `insert into job_tick (schedule, due_at, ended_at, error)
         values ('tokens.cleanup', clock_timestamp(), clock_timestamp(), 'refused')`,
      );
      return { mend: () => operator.ask('schedule run tokens.cleanup') };
    },
  },
  {
    title: 'Mail is not sent',
    alert: 'mail_backlog',
    doctor: 'mail',
    says: 'warn',
    repair: 'dartwing schedule run mail.delivery',
    how: 'time',
    inject: async ({ open, sql, operator }) => {
      const from = 'no-reply@acme.test';
      const smtpUrl = `smtp://127.0.0.1:${await freePort()}`;
      const process = await open({ mail: { smtpUrl, from } });
      await process.invitations.create('acme', { kind: 'email', email: 'new@acme.test', role: 'Employee' });
      const isTried =
        "select attempts > 0 and lease is null as is_tried from outgoing_mail where status = 'queued'";
      await until(async () => (await sql(isTried)).every(({ is_tried: is }) => is === true));
      // Its next attempt would otherwise take the message while the repair runs.
      await process.close();
      await sql(
        `update outgoing_mail set created_at = now() - interval '1 hour', due_at = now() - interval '1 hour'`,
      );
      return {
        mend: async () => {
          const { url } = await startMailServer();
          await operator.ask('schedule run mail.delivery', {
            env: { DARTWING_SMTP_URL: url, DARTWING_MAIL_FROM: from },
          });
        },
      };
    },
  },
  {
    title: 'Changes are made and devices do not get them',
    alert: 'sync_stalled',
    doctor: 'sync',
    says: 'fail',
    repair: 'dartwing sync resync phone --org acme',
    how: 'time',
    inject: async ({ dartwing, sql, acme, operator }) => {
      const feed = (since?: string) =>
        dartwing.sync.feed('acme', { device: 'phone', doctype: 'Note', since });
      const { next_since: begin } = await feed();
      const write = async () => {
        await dartwing.documents.create('acme', 'Note', { data: { title: 'one' } });
        await sql(`update document_change set at = now() - interval '10 minutes' where organization = $1`, [
          acme,
        ]);
        await sql(`update sync_device set last_pull = now() - interval '4 minutes', up_to_date = false`);
      };
      await write();
      return {
        between: write,
        mend: async () => {
          await operator.ask('sync resync phone --org acme --yes');
          await expect(feed(begin)).rejects.toMatchObject({ code: 'FULL_RESYNC_REQUIRED' });
          // It begins again and reads to the end; its next call says that it has applied all of it.
          let { next_since: since } = await feed();
          for (let page = 0; page < 3; page++) since = (await feed(since)).next_since;
        },
      };
    },
  },
  {
    title: 'Many edits meet',
    alert: 'conflict_spike',
    doctor: 'sync',
    says: 'warn',
    repair: 'dartwing conflict resolve - --org acme --take server --reason "…"',
    rounds: [16, 301, 301, 301],
    lingers: 1_000,
    how: 'real',
    inject: async ({ dartwing, operator }) => {
      /** What a device makes of a hundred and one events, having seen one version of them. */
      const push = (device: string, op: 'insert' | 'update', base: number) =>
        dartwing.sync.push('acme', {
          device,
          operations: Array.from({ length: 101 }, (_, n) => ({
            op,
            doctype: 'Calendar Event',
            name: `event-${n}`,
            base_version: base,
            data: { subject: `${device} ${op}`, starts_at: '2026-12-01T10:00:00Z' },
          })),
        });
      await push('desk', 'insert', 0);
      let turn = 0;
      return {
        between: async () => {
          // The first rounds see how it was.
          if (++turn !== 4) return;
          await push('desk', 'update', 1);
          await push('tablet', 'update', 1);
        },
        mend: async () => {
          const { stdout } = await operator.run('conflict list --org acme --limit 500 --field id');
          const line = 'conflict resolve - --org acme --take server --reason test --yes';
          const { document } = await operator.ask(line, { input: stdout });
          expect(document).toMatchObject({ summary: { done: 101, failed: 0 } });
        },
      };
    },
  },
  {
    title: 'Events wait and no server relays them',
    alert: 'realtime_outbox',
    doctor: 'realtime',
    says: 'fail',
    repair: 'dartwing schedule run realtime.sweep',
    how: 'rows',
    inject: async ({ sql, acme, operator }) => {
      await sql(
        `insert into realtime_outbox (organization, event) select $1, '{}' from generate_series(1, 1001)`,
        [acme],
      );
      return { mend: () => operator.ask('schedule run realtime.sweep') };
    },
  },
  {
    title: 'An agreement with a business associate has run out',
    alert: 'control_failed',
    doctor: 'compliance',
    says: 'fail',
    repair:
      'dartwing compliance baa add --org acme --counterparty "Cloud Ltd" --signed 2026-01-01 --expires 2027-01-01 --file baa.pdf',
    how: 'rows',
    inject: async ({ sql, acme, operator, folder }) => {
      await sql(
        `insert into compliance_policy (organization, version, frameworks, settings, exceptions, hash, reason, created_at,
           created_by) values ($1, 1, '{hipaa}', '{"agreement_required": true}', '{}', 'x', 'test', now(), 'test')`,
        [acme],
      );
      await operator.ask('compliance verify --control baa --org acme');
      return {
        mend: async () => {
          const file = join(folder, 'baa.pdf');
          writeFileSync(file, '%PDF-1.7 signed');
          const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
          await operator.ask(
            `compliance baa add --org acme --counterparty Cloud --signed ${day(-1)} --expires ${day(365)} --file ${file}`,
          );
          await operator.ask('compliance verify --control baa --org acme');
          await operator.ask('compliance disable hipaa --org acme --reason test --confirm acme');
        },
      };
    },
  },
  {
    title: 'A data key is far too old',
    alert: 'data_keys_overdue',
    doctor: 'data_keys',
    says: 'warn',
    repair: 'dartwing key rotate --org acme --reason "…"',
    how: 'time',
    inject: async ({ sql, dartwing, acme, operator }) => {
      await dartwing.asOrg('acme', (tx) =>
        dartwing.keys.seal(tx, 'fax', { organization: acme, table: 't', column: 'c', row: ['1'] }, 'x'),
      );
      await sql(`update data_key set created_at = now() - interval '90 days'`);
      return { mend: () => operator.ask('key rotate --all --reason test --yes') };
    },
  },
  {
    title: 'A process computes and answers late',
    alert: 'event_loop',
    doctor: 'processes',
    says: 'warn',
    repair: 'dartwing worker --queue bulk',
    rounds: [16],
    how: 'real',
    inject: async () => {
      let isBusy = true;
      return {
        between: async () => {
          const end = performance.now() + 700;
          while (isBusy && performance.now() < end);
        },
        mend: async () => {
          isBusy = false;
        },
      };
    },
  },
];

function isBusyPool({ name, labels, value }: { name: string; labels: object; value: number }): boolean {
  const { pool, state } = labels as { pool?: string; state?: string };
  return name === 'dartwing_database_pool_connections' && pool === 'app' && state === 'active' && value === 2;
}

async function degraded({ metrics }: Dartwing): Promise<number> {
  const values = await metrics.meter.values();
  return values.find(({ name }) => name === 'dartwing_realtime_bus_degraded')?.value ?? -1;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 400; turn++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come to that');
}
