import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { checks } from '../../src/commands/doctor/checks.js';
import { createDartwing } from '../../src/core/index.js';
import { packageRoot } from '../../src/core/package-root.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { type Operator, operatorOf } from '../support/operator.js';
import { masterKey } from '../support/server.js';

let database: TestDatabase;
let operator: Operator;
const ids = checks.map(({ id }) => id);

beforeAll(async () => {
  database = await createTestDatabase();
  operator = operatorOf(database);
  const dartwing = await createDartwing(testOptions(database));
  await dartwing.tenancy.create({ slug: 'st-mary', type: 'nonprofit', owner: 'ana@st-mary.test' });
  await dartwing.close();
});

interface Check {
  id: string;
  status: string;
  what: string;
  fix: string[];
  found?: string[];
  found_count?: number;
}

const failSchedule = (name: string) =>
  database.admin.query(
    `insert into job_tick (schedule, due_at, ended_at, error) values ($1, clock_timestamp(), clock_timestamp(), 'st-mary refused')`,
    [name],
  );

test('finds nothing wrong in a fresh installation, and is strict about it', async () => {
  const { code, document } = await operator.ask('doctor --strict');
  const results = document.checks as Check[];
  expect(results.filter(({ status }) => status !== 'pass')).toEqual([]);
  expect(results.map(({ id }) => id)).toEqual(ids);
  expect(code).toBe(0);
});

test('every check has its section, and names only checks before it', () => {
  const sections = readFileSync(join(packageRoot(), 'docs/doctor.md'), 'utf8').match(/^## .*$/gm) ?? [];
  expect(sections).toEqual(ids.map((id) => `## ${id}`));
  for (const [index, { needs = [] }] of checks.entries())
    for (const need of needs) expect(ids.slice(0, index)).toContain(need);
});

test('tells what it would mend, mends after a yes, and then looks again', async () => {
  await operator.ask('schedule list');
  await database.admin.query(
    `insert into job_schedule (name, cron, time_zone, description, registered_at)
     values ('mail.delivery', '* * * * *', 'UTC', 'mail', now()) on conflict do nothing`,
  );
  await failSchedule('mail.delivery');
  const line = 'doctor --only schedules --strict --fix';
  const planned = await operator.ask(`${line} --dry-run`);
  expect(planned).toMatchObject({
    code: 6,
    document: { repairs: [{ id: 'schedules', done: false }], summary: { warn: 1 } },
  });
  expect(await operator.fail(line)).toMatchObject({ code: 'CONFIRMATION_REQUIRED' });
  const mended = await operator.ask(`${line} --yes`);
  expect(mended).toMatchObject({
    code: 0,
    document: { repairs: [{ id: 'schedules', done: true }], summary: { warn: 0 } },
  });
});

test('a report holds no secret and names no tenant', async () => {
  await failSchedule('mail.delivery');
  // Into a pipe, as into a file: nobody has to say that a document is wanted.
  const { stdout } = await operator.run('doctor --report');
  const { checks: results, settings, metrics, machine } = JSON.parse(stdout);
  const schedules = (results as Check[]).find(({ id }) => id === 'schedules');
  expect(schedules).toMatchObject({ status: 'warn', found_count: 1 });
  expect(schedules).not.toHaveProperty('found');
  expect(settings).toContainEqual({ key: 'master_key', from: 'DARTWING_MASTER_KEY' });
  expect(metrics).toContainEqual({ name: 'dartwing_database_up', labels: {}, value: 1 });
  expect(machine).toHaveProperty('node');
  for (const secret of [masterKey, 'st-mary', 'ana@', new URL(database.url).password].filter(Boolean))
    expect(stdout).not.toContain(secret);
});
