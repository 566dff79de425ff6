/**
 * The sealed context: what the plain one believes of somebody who can run SQL of his own choice inside a transaction of B
 * is refused here, and everything that the library itself does goes on.
 */
import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/core/db/index.js';
import { contextKeyBlocks, contextSeal, contextSeals } from '../../src/core/db/seal.js';
import { createDartwing, migrateInstallation } from '../../src/core/index.js';
import { openKeyring } from '../../src/core/keys/index.js';
import { describeInstallation } from '../../src/core/options.js';
import { atEnd } from '../support/ending.js';
import { masterKey } from '../support/server.js';
import { attempt, placesOf } from './trial.js';
import { createWorld, type World } from './world.js';

const { contextKey } = openKeyring(masterKey, 'test');
let world: World;

beforeAll(async () => {
  world = await createWorld({ sealedContext: true });
});

const asB = (statements: string[], on = 'sealed') =>
  attempt(world, { how: 'pretend', on, statements }, placesOf(world).orgB);

describe('a setting that says A is not believed', () => {
  it.each<[string, (world: World, table: string) => string[]]>([
    [
      'set local',
      ({ a }, table) => [`set local dartwing.org = '${a.organization}'`, `select * from ${table}`],
    ],
    [
      'set_config before',
      ({ a }, table) => [
        `select set_config('dartwing.org', '${a.organization}', true)`,
        `select * from ${table}`,
      ],
    ],
    [
      'set_config in the statement',
      ({ a }, table) => [
        `select t.* from (select set_config('dartwing.org', '${a.organization}', true)) s, ${table} t`,
      ],
    ],
    [
      'a look at its own rows first, then a setting, then a second look in one statement',
      ({ a }, table) => [
        `select again.* from (select count(*) from ${table}) own,
           lateral (select set_config('dartwing.org', '${a.organization}', own.count is null)) s,
           lateral (select t.* from ${table} t where s.set_config is not null) again`,
      ],
    ],
    [
      'the reader with its organization',
      ({ a, rolePrefix }, table) => [
        `set local role "${rolePrefix}_reader"`,
        `set local dartwing.orgs = '${a.organization}'`,
        `select * from ${table}`,
      ],
    ],
    [
      'the reader with its person',
      ({ a, rolePrefix }, table) => [
        `set local dartwing.person = '${a.person}'`,
        `set local role "${rolePrefix}_reader"`,
        `set local dartwing.orgs = '${a.organization}'`,
        `select * from ${table}`,
      ],
    ],
  ])('on no table: %s', async (_how, statementsOf) => {
    const open = world.tables.filter(({ partition }) => !partition);
    expect(open.length).toBeGreaterThan(15);
    for (const { name } of open) {
      const { outcome } = await asB(statementsOf(world, name), name);
      expect([name, outcome]).toEqual([name, expect.stringMatching(/^(refused|empty)$/)]);
    }
  });

  it('nor for a write, a person or the organizations of one', async () => {
    const { a } = world;
    const pretend = `select set_config('dartwing.org', '${a.organization}', true)`;
    for (const statements of [
      [pretend, 'update company set tax_id = tax_id returning *'],
      [pretend, `delete from org_member where organization = '${a.organization}' returning *`],
      [`set local dartwing.person = '${a.person}'`, 'select * from person'],
      [`select person_organizations(set_config('dartwing.person', '${a.person}', true), now()) as found`],
    ]) {
      const { outcome } = await asB(statements);
      expect([statements, outcome]).toEqual([statements, expect.stringMatching(/^(refused|empty)$/)]);
    }
  });

  it('nor in the read of a person across organizations', async () => {
    const statements = [`set local dartwing.orgs = '${world.a.organization}'`, 'select * from company'];
    const { outcome } = await attempt(
      world,
      { how: 'pretend', on: 'asPerson', statements },
      placesOf(world).personOfB,
    );
    expect(outcome).toBe('empty');
  });
});

it('is given again to the same context for a minute, and to no other', () => {
  const seal = contextSeals(contextKey);
  const at = (ms: number) => new Date(1_800_000_000_000 + ms);
  const first = seal({ organization: 'ORG-2026-00001' }, at(0));
  expect(first).toBe(contextSeal(contextKey, { organization: 'ORG-2026-00001' }, at(0)));
  expect(seal({ organization: 'ORG-2026-00001' }, at(60_000))).toBe(first);
  expect(seal({ organization: 'ORG-2026-00001' }, at(60_001))).not.toBe(first);
  // A clock that was put back makes a new one too.
  expect(seal({ organization: 'ORG-2026-00001' }, at(-1))).not.toBe(first);
  expect(seal({ organization: 'ORG-2026-00002' }, at(0))).toContain('ORG-2026-00002|');
  expect(seal({ person: 'ORG-2026-00001' }, at(0))).toBe(
    contextSeal(contextKey, { person: 'ORG-2026-00001' }, at(0)),
  );
});

describe('a seal that somebody else made', () => {
  const soon = () => new Date(Date.now() + 60_000);
  const sealed = (text: string, secret = contextKey.secret) =>
    `${text}|${createHmac('sha256', secret).update(text).digest('hex')}`;

  it.each<[string, (a: string) => string]>([
    [
      'of another key',
      (a) => contextSeal({ ...contextKey, secret: Buffer.alloc(32, 7) }, { organization: a }, soon()),
    ],
    ['of a key nobody knows', (a) => contextSeal({ ...contextKey, id: 9 }, { organization: a }, soon())],
    [
      'that is over',
      (a) => contextSeal(contextKey, { organization: a }, new Date(Date.now() - 2 * 3_600_000)),
    ],
    ['that is cut', (a) => contextSeal(contextKey, { organization: a }, soon()).slice(0, -1)],
    ['without a mac', (a) => contextSeal(contextKey, { organization: a }, soon()).replace(/[^|]*$/, '')],
    ['with one part more', (a) => sealed(`${a}||${soon().getTime()}|1|`)],
    ['with a time that is no number', (a) => sealed(`${a}||soon|1`)],
    ['with a huge time', (a) => sealed(`${a}||${'9'.repeat(40)}|1`)],
    ['that is nothing', () => ''],
    ['that is text', () => 'seal'],
  ])('opens nothing: one %s', async (_what, sealOf) => {
    const { a } = world;
    const { outcome } = await asB([
      `select set_config('dartwing.seal', '${sealOf(a.organization)}', true), set_config('dartwing.org', '${a.organization}', true)`,
      'select * from company',
    ]);
    expect(outcome).toBe('empty');
  });

  it('would open A if it were ours, so these tests can fail', async () => {
    const { a } = world;
    const seal = contextSeal(contextKey, { organization: a.organization }, new Date());
    const { outcome } = await asB([
      `select set_config('dartwing.seal', '${seal}', true), set_config('dartwing.org', '${a.organization}', true)`,
      'select * from company',
    ]);
    expect(outcome).toMatch(/^breach/);
  });

  it('is never made for an id that could be read in two ways', () => {
    expect(
      contextSeal(contextKey, { organization: `${world.a.organization}||99999999999999|1` }, soon()),
    ).toBe('');
  });

  it('cannot be made from what the database shows', async () => {
    for (const statement of ['select * from context_key', 'select inner_block from dartwing.context_key']) {
      expect((await asB([statement])).outcome).toBe('refused');
    }
    const { inner, outer } = contextKeyBlocks(contextKey);
    expect([inner.length, outer.length]).toEqual([64, 64]);
  });
});

describe('what the library does', () => {
  it('goes on: members read and write their own organization, and across those of a person', async () => {
    const { dartwing, b } = world;
    const rows = await dartwing.asOrg(b.organization, async (tx) => {
      await tx.query("update company set tax_id = 'kept' where true");
      return (await tx.query('select organization, tax_id from company')).rows;
    });
    expect(rows).toEqual([{ organization: b.organization, tax_id: 'kept' }]);
    const across = await dartwing.asPerson(b.person, async (tx) => [
      (await tx.query('select organization from company')).rows,
      (await tx.query('select id from organization')).rows,
    ]);
    expect(across).toEqual([[{ organization: b.organization }], [{ id: b.organization }]]);
    await expect(
      dartwing.tenancy.update(b.slug, { tier: 'free' }, { reason: 'sealed' }),
    ).resolves.toMatchObject({ op: 'update' });
  });

  it('reads by key under a seal of its own organization, and nothing of another', async () => {
    const { a, b, options, database } = world;
    const quiet = { ringAudit: () => {}, random: () => 0, onFailure: () => {}, poolConnectionsMax: 1 };
    const db = openDatabase({ ...describeInstallation(options).database, ...quiet });
    atEnd(() => db.close());
    const { rows } = await database.admin.query<{ organization: string; id: string }>(
      'select organization, min(id::text) as id from org_member group by 1',
    );
    const look = (at: string) =>
      db.lookUp(b.organization, {
        name: 'test_member',
        columns: 'organization',
        table: 'org_member',
        key: { id: rows.find(({ organization }) => organization === at)!.id },
      });
    for (let again = 0; again < 3; again++) {
      expect(await look(b.organization)).toEqual([{ organization: b.organization }]);
      expect(await look(a.organization)).toEqual([]);
    }
  });

  it('is checked at the start: a policy that believes a plain setting is told and refused', async () => {
    const { database, options, dartwing } = world;
    await database.admin.query(
      "alter policy dartwing_tenant on company using (organization = nullif(current_setting('dartwing.org', true), ''))",
    );
    await expect(dartwing.ready()).rejects.toMatchObject({
      code: 'ISOLATION_BROKEN',
      params: { finding: expect.stringContaining('table.seal company') },
    });
    await migrateInstallation(options, { repairPolicies: true });
    await dartwing.ready();
  });

  it('switches off and on again with the migration, and refuses to start where it is off but asked for', async () => {
    const { options } = world;
    await migrateInstallation({ ...options, sealedContext: false });
    await expect(createDartwing(options)).rejects.toMatchObject({ code: 'CONTEXT_NOT_SEALED' });
    expect(
      (await asB([`set local dartwing.org = '${world.a.organization}'`, 'select * from company'])).outcome,
    ).toMatch(/^breach/);
    expect(await migrateInstallation(options)).toMatchObject({ sealedContext: true, sealChanged: true });
    const again = await createDartwing(options);
    await again.close();
  });
});
