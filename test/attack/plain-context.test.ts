/**
 * Known limits of the plain context: what somebody gets who can already run SQL of his own choice inside a
 * transaction of B. They are no refusals and are not counted as such. A limit that is gone makes its test fail, so
 * that it moves to the attacks that must be refused.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDartwing, type Tx } from '../../src/core/index.js';
import { attempt, placesOf } from './trial.js';
import { createWorld, type World } from './world.js';

let world: World;
const learnt: string[] = [];

beforeAll(async () => {
  world = await createWorld();
});

afterAll(() => {
  process.stdout.write(`\nKnown limits of the plain context: ${learnt.length}\n${learnt.join('\n')}\n`);
});

/** Runs work as B and undoes it. */
async function asB<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
  let value: T | undefined;
  const undone = new Error('undone');
  await world.dartwing
    .asOrg(world.b.organization, async (tx) => {
      value = await work(tx);
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return value as T;
}

describe('a setting that says A', () => {
  const breaches = (): [string, string[]][] => {
    const { a, rolePrefix } = world;
    const pretend = `set_config('dartwing.org', '${a.organization}', true)`;
    return [
      ['set local dartwing.org', [`set local dartwing.org = '${a.organization}'`, 'select * from company']],
      ['set_config in a statement before', [`select ${pretend}`, 'select * from org_member']],
      ['set_config in the same statement', [`select c.* from (select ${pretend}) s, company c`]],
      ['a change of its rows', [`select ${pretend}`, `update company set tax_id = tax_id returning *`]],
      [
        'the reader with its organization',
        [
          `set local role "${rolePrefix}_reader"`,
          `set local dartwing.orgs = '${a.organization}'`,
          'select * from org_member',
        ],
      ],
      ['its person', [`set local dartwing.person = '${a.person}'`, 'select * from person']],
      [
        'the organizations of its person',
        [`select person_organizations(set_config('dartwing.person', '${a.person}', true), now()) as found`],
      ],
    ];
  };

  it.each([
    'set local dartwing.org',
    'set_config in a statement before',
    'set_config in the same statement',
    'a change of its rows',
    'the reader with its organization',
    'its person',
    'the organizations of its person',
  ])('is believed: %s', async (name) => {
    const statements = new Map(breaches()).get(name)!;
    const trial = await attempt(world, { how: 'pretend', on: name, statements }, placesOf(world).orgB);
    expect(trial.outcome).toMatch(/^breach/);
    learnt.push(`${name}: ${trial.outcome}`);
  });

  it('is believed in the cross-organization read of a person', async () => {
    const statements = [`set local dartwing.orgs = '${world.a.organization}'`, 'select * from company'];
    const trial = await attempt(
      world,
      { how: 'pretend', on: 'asPerson', statements },
      placesOf(world).personOfB,
    );
    expect(trial.outcome).toMatch(/^breach/);
    learnt.push(`dartwing.orgs in asPerson: ${trial.outcome}`);
  });
});

describe('what PostgreSQL tells every role', () => {
  it('is how many rows of all others a policy removed, in explain analyze', async () => {
    const { rows } = await asB((tx) =>
      tx.query<{ 'QUERY PLAN': string }>('explain (analyze, costs off, timing off) select from company'),
    );
    expect(rows.map((row) => row['QUERY PLAN'].trim())).toContain('Rows Removed by Filter: 1');
    learnt.push('explain analyze: row counts of all other organizations together');
  });

  it('is not how many rows one of them has', async () => {
    const { rows } = await asB((tx) =>
      tx.query<{ 'QUERY PLAN': string }>(
        `explain (analyze, costs off, timing off) select from company where organization = '${world.a.organization}'`,
      ),
    );
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).not.toMatch(/Rows Removed/);
  });

  it('is how many rows a table has in all organizations together', async () => {
    const { rows } = await asB((tx) =>
      tx.query<{ reltuples: number }>("select reltuples from pg_class where oid = 'company'::regclass"),
    );
    expect(rows[0]!.reltuples).toBe(2);
    learnt.push('pg_class: row counts of all organizations together');
  });

  it('is whether an account or a person exists, through a foreign key to a global table', async () => {
    const grant = (user: string) =>
      asB(async (tx) => {
        await tx.query(
          `insert into permission_grant (organization, user_name, allow, for_value, created_at)
           values ($1, $2, 'Organization', 'probe', now())`,
          [world.b.organization, user],
        );
        return 'exists';
      }).catch((error: { code: string }) => error.code);
    expect(await grant(world.a.email)).toBe('exists');
    expect(await grant('nobody@nowhere.test')).toBe('VALIDATION_ERROR');
    learnt.push('foreign keys to person and user_account: whether an e-mail address has an account');
  });
});

describe('what the shared runtime role may do to others of its kind', () => {
  it('is to hold a table until the limits of its transaction end it', async () => {
    const outcome = await asB(async (tx) => {
      await tx.query('lock table company in access exclusive mode');
      return world.dartwing
        .asOrg(world.a.organization, (other) => other.query('select * from company'))
        .catch((error: { code: string }) => error.code);
    });
    expect(outcome).toBe('DATABASE_TIMEOUT');
    learnt.push('lock table: others wait until their lock timeout');
  });

  it('is to change its own password, until the next migrate up', async () => {
    await asB((tx) => tx.query(`alter role "${world.rolePrefix}_app" password 'spied'`));
    learnt.push(
      'alter role: the app login may change its own password and defaults; migrate up mends the password',
    );
  });

  it('is to end other sessions of its own', async () => {
    const { rows } = await world.nobody.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = await asB((tx) =>
      tx.query<{ done: boolean }>('select pg_terminate_backend($1) as done', [rows[0]!.pid]),
    );
    expect(ended.rows).toEqual([{ done: true }]);
    learnt.push('pg_terminate_backend: sessions of the app login; their transactions are tried again once');
  });

  it('is to keep large objects, which know no organization and which dartwing does not use', async () => {
    const { rows } = await world.dartwing.asOrg(world.a.organization, (tx) =>
      tx.query<{ id: number }>("select lo_from_bytea(0, 'note of A') as id"),
    );
    const read = await asB((tx) =>
      tx.query<{ text: string }>("select convert_from(lo_get($1), 'utf8') as text", [rows[0]!.id]),
    );
    expect(read.rows).toEqual([{ text: 'note of A' }]);
    learnt.push('large objects: readable by every organization');
  });

  it('is to put a statement of its own under the name of ours on its connection', async () => {
    const dartwing = await createDartwing({ ...world.options, poolConnectionsMax: 1 });
    try {
      const { a, b } = world;
      await dartwing.asOrg(b.organization, async (tx) => {
        await tx.query('deallocate dartwing_context_org');
        await tx.query(
          `prepare dartwing_context_org (text, text) as select set_config('dartwing.org', '${b.organization}', true), $1, $2`,
        );
      });
      const { rows } = await dartwing.asOrg(a.organization, (tx) =>
        tx.query<{ id: string }>('select id from organization'),
      );
      expect(rows).toEqual([{ id: b.organization }]);
      learnt.push(
        'deallocate and prepare: later transactions of the connection run what the attacker prepared',
      );
    } finally {
      await dartwing.close();
    }
  });
});
