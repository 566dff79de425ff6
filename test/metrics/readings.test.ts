import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { createDartwing, type Dartwing, systemClock } from '../../src/core/index.js';
import { listenForMetrics } from '../../src/server/index.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { operatorOf } from '../support/operator.js';

let database: TestDatabase;
let dartwing: Dartwing;
beforeAll(async () => {
  database = await createTestDatabase();
  dartwing = await createDartwing(testOptions(database, { clock: systemClock }));
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  dartwing.jobs.define('test.quick', { deduplicationMs: 0, handler: () => ({}) });
  dartwing.jobs.define('test.broken', {
    deduplicationMs: 0,
    handler: () => {
      throw Object.assign(new Error('broken'), { permanent: true });
    },
  });
  return () => dartwing.close();
});

/** Value of one series in a text. */
const valueIn = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

test('tells depths, ages, dead letters and what ran here', async () => {
  await dartwing.jobs.submitMany('acme', 'test.quick', [1, 2, 3]);
  await dartwing.jobs.submit('acme', 'test.broken');
  await setTimeout(20);
  const before = await dartwing.metrics.meter.text();
  expect(valueIn(before, 'dartwing_job_queue_depth{queue="default",state="queued"}')).toBe(4);
  expect(valueIn(before, 'dartwing_job_oldest_seconds{queue="default"}')).toBeGreaterThan(0.01);
  expect(valueIn(before, 'dartwing_database_up')).toBe(1);
  expect(valueIn(before, 'dartwing_database_isolation_sound')).toBe(1);
  expect(valueIn(before, 'dartwing_audit_staged')).toBeGreaterThan(0);
  const worker = dartwing.jobs.work();
  await worker.empty();
  await worker.stop();
  // Numbers of the installation are remembered for a second.
  await setTimeout(1_050);
  const text = await dartwing.metrics.meter.text();
  expect(valueIn(text, 'dartwing_job_queue_depth{queue="default",state="queued"}')).toBe(0);
  expect(valueIn(text, 'dartwing_job_dead_letters{queue="default"}')).toBe(1);
  expect(
    valueIn(text, 'dartwing_jobs_finished_total{queue="default",type="test.quick",outcome="completed"}'),
  ).toBe(3);
  expect(
    valueIn(text, 'dartwing_jobs_finished_total{queue="default",type="test.broken",outcome="dead_letter"}'),
  ).toBe(1);
  expect(valueIn(text, 'dartwing_job_duration_seconds_count{queue="default",type="test.quick"}')).toBe(3);
  expect(valueIn(text, 'dartwing_database_pool_size{pool="app"}')).toBeGreaterThan(1);
  expect(valueIn(text, 'dartwing_database_transactions_total{outcome="committed"}')).toBeGreaterThan(3);
  expect(text).not.toMatch(/acme|ORG-|ana@/);
});

test('says that tenants are no longer kept apart', async () => {
  await database.admin.query('alter table org_member no force row level security');
  const other = await createDartwing(testOptions(database, { selfTest: 'version' }));
  const found = await other.metrics.readings();
  await other.close();
  await database.admin.query('alter table org_member force row level security');
  expect(found).toContainEqual({ name: 'dartwing_database_isolation_sound', labels: {}, value: 0 });
});

test('leaves out every number of a database that does not answer, but says that', async () => {
  const other = await createDartwing(testOptions(database));
  const ids = await database.admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename like 'dartwing%'`,
    [database.name],
  );
  expect(ids.rowCount).toBeGreaterThan(0);
  await database.admin.query(`alter database ${database.name} connection limit 0`);
  const text = await other.metrics.meter.text().finally(async () => {
    await database.admin.query(`alter database ${database.name} connection limit -1`);
  });
  await other.close();
  expect(valueIn(text, 'dartwing_database_up')).toBe(0);
  expect(text).not.toMatch(/^dartwing_job_queue_depth\{/m);
  expect(valueIn(text, 'dartwing_process_uptime_seconds')).toBeGreaterThan(0);
});

test('is served to who has the token, beyond this machine only with one', async () => {
  const token = 'operators-only-0000';
  const { url, close } = await listenForMetrics(dartwing, { port: 0, token });
  expect((await fetch(url)).status).toBe(401);
  const { env } = operatorOf(database);
  const scraped = await operatorOf(database).run(`metric scrape --from ${url}`, {
    env: { ...env, DARTWING_OPERATOR_TOKEN: token },
  });
  expect(scraped).toMatchObject({ code: 0, stderr: '' });
  expect(
    valueIn(
      scraped.stdout,
      'dartwing_jobs_finished_total{queue="default",type="test.quick",outcome="completed"}',
    ),
  ).toBe(3);
  await close();
  expect(await operatorOf(database).fail(`metric scrape --from ${url}`)).toMatchObject({
    code: 'SERVER_UNREACHABLE',
    exit: 7,
  });
  await expect(listenForMetrics(dartwing, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
    code: 'VALIDATION_ERROR',
  });
});

test('lists and scrapes at the command line', async () => {
  const operator = operatorOf(database);
  const [{ document }, scraped] = await Promise.all([
    operator.ask('metric list --group jobs'),
    operator.run('metric scrape'),
  ]);
  expect(document).toMatchObject({
    kind: 'MetricList',
    items: expect.arrayContaining([
      expect.objectContaining({ name: 'dartwing_job_oldest_seconds', unit: 'seconds', labels: ['queue'] }),
    ]),
  });
  expect(scraped.code).toBe(0);
  expect(valueIn(scraped.stdout, 'dartwing_job_dead_letters{queue="default"}')).toBe(1);
  expect(await operator.fail('metric list --group job')).toMatchObject({ code: 'VALIDATION_ERROR', exit: 2 });
});
