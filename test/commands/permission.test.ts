import { beforeAll, describe, expect, it } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { worldOf } from '../access/world.js';
import { errorEvent, run } from '../support/cli.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';
import { masterKey } from '../support/server.js';

let database: TestDatabase;
let organization: string;
let env: Record<string, string>;

beforeAll(async () => {
  const opened = await openTestDartwing();
  database = opened.database;
  env = { DATABASE_URL: database.url, DARTWING_MASTER_KEY: masterKey };
  await opened.dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  await opened.dartwing.people.member.add('acme', 'bo@acme.test', 'Employee');
  organization = (await opened.dartwing.tenancy.show('acme')).id;
  await opened.dartwing.documents.create('acme', 'Task', { name: 'TASK-9', data: { title: 'Sweep' } });
});

const json = async (...args: string[]) => {
  const { stdout, stderr, code } = await run([...args, '--json'], { env });
  return { document: stdout === '' ? undefined : JSON.parse(stdout), stderr, code };
};

describe('permission explain', () => {
  it('says which layer denied and exits 6', async () => {
    const asked = ['--can', 'write', '--on', 'Task/TASK-9'];
    const { document, code } = await json('permission', 'explain', 'bo@acme.test', ...asked);
    expect(code).toBe(6);
    expect(schemas.Decision!.parse(document)).toMatchObject({ allowed: false, organization });
    expect(document.layers).toMatchObject([
      { layer: 'system_role', result: 'allow' },
      { layer: 'org_grant', result: 'allow' },
      { layer: 'role', result: 'deny', why: expect.stringContaining('only Task of their own') },
      { layer: 'field', result: 'skip' },
    ]);
  });

  it('exits 0 when it is allowed, and tells a person in words', async () => {
    const line = ['perm', 'explain', 'ana@acme.test', '--can', 'write', '--on', 'Organization/acme'];
    const { stdout, code } = await run(line, { env });
    expect(code).toBe(0);
    expect(stdout).toContain('Owner may write Organization');
  });

  it('exits 3 for a person or a document that is not there, 2 without --on', async () => {
    const nobody = await json('permission', 'explain', 'no@acme.test', '--on', 'Organization/acme');
    expect([nobody.code, errorEvent(nobody.stderr).code]).toEqual([3, 'PERSON_NOT_FOUND']);
    const nothing = await json('permission', 'explain', 'bo@acme.test', '--on', 'Organization/none');
    expect([nothing.code, errorEvent(nothing.stderr).code]).toEqual([3, 'RECORD_NOT_FOUND']);
    expect((await json('permission', 'explain', 'bo@acme.test')).code).toBe(2);
  });
});

describe('permission orphans, rebuild and log', () => {
  it('finds an orphan with exit 6, mends it once and logs both', async () => {
    const world = worldOf(database.admin);
    const orphan = await world.person('orphan');
    await world.grant(orphan, organization, 'Organization', organization);
    const found = await json('permission', 'orphans', '--org', 'acme');
    expect(found.code).toBe(6);
    expect(schemas.Report!.parse(found.document)).toMatchObject({
      findings: [{ id: 'grant.without_member' }],
    });

    const tried = await json('permission', 'rebuild', '--org', 'acme', '--dry-run');
    expect(tried.document).toMatchObject({ removed: 1, dry_run: true });
    const done = await json('permission', 'rebuild', '--org', 'acme', '--yes');
    expect(schemas.GrantRebuild!.parse(done.document)).toMatchObject({
      created: 0,
      removed: 1,
      dry_run: false,
    });
    const again = await json('permission', 'rebuild', '--all', '--yes');
    expect(again.document).toMatchObject({ created: 0, removed: 0 });
    expect((await json('permission', 'orphans', '--all')).code).toBe(0);

    const log = await json('permission', 'log', '--person', 'orphan@world.test');
    expect(() => schemas.GrantEventList!.parse(log.document)).not.toThrow();
    expect(log.document.items).toMatchObject([
      { event: 'remove', reason: 'there is no membership' },
      { event: 'create', reason: 'granted' },
    ]);
  });
});
