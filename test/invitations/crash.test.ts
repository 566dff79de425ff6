import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;
let bundle = '';

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing());
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  bundle = join(mkdtempSync(join(tmpdir(), 'dartwing-accept-')), 'child.cjs');
  const source = fileURLToPath(new URL('./accept-child.ts', import.meta.url));
  const define = { 'import.meta.url': JSON.stringify(new URL('./accept-child.ts', import.meta.url).href) };
  await build({
    entryPoints: [source],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    define,
    external: ['pg-native'],
  });
});

afterAll(() => rmSync(join(bundle, '..'), { recursive: true }));

it('leaves nothing half done when it is killed between acceptance and commit, and works afterwards', async () => {
  const { invitation, link } = await dartwing.invitations.create('acme', {
    email: 'bo@acme.test',
    role: 'Employee',
  });
  // Holds the commit up: the trigger runs at the end of the child's transaction and waits for this lock.
  await database.admin.query(`create function hold_up() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock(4711); return null; end $$`);
  await database.admin.query(`create constraint trigger hold_up after update on invitation
    deferrable initially deferred for each row execute function hold_up()`);
  await database.admin.query('select pg_advisory_lock(4711)');
  const child = spawn(process.execPath, [bundle], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(JSON.stringify({ options: testOptions(database), token: link }));
  const waiting = `select from pg_locks where locktype = 'advisory' and objid = 4711 and not granted`;
  await expect.poll(async () => (await database.admin.query(waiting)).rowCount, { timeout: 15_000 }).toBe(1);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  await database.admin.query(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 4711 and not granted`,
  );
  await database.admin.query('select pg_advisory_unlock(4711)');
  await database.admin.query('drop trigger hold_up on invitation');
  expect((await dartwing.invitations.show('acme', invitation.id)).status.state).toBe('pending');
  const members = `select status, (select count(*)::int from permission_grant where user_name = 'bo@acme.test') as grants
    from org_member where person_email = 'bo@acme.test'`;
  expect((await database.admin.query(members)).rows).toEqual([{ status: 'pending', grants: 0 }]);
  await dartwing.invitations.accept({ token: link! });
  expect((await database.admin.query(members)).rows).toEqual([{ status: 'active', grants: 2 }]);
});
