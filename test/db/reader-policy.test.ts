import { beforeAll, describe, expect, test } from 'vitest';
import { stampPolicies } from '../../src/core/db/policies.js';
import { roleNames } from '../../src/core/db/roles.js';
import { openTestDartwing } from '../support/database.js';

const mine = "unnest(string_to_array(current_setting('dartwing.orgs', true), ','))";

describe('the policy of a read across a person’s organizations', async () => {
  const { database, dartwing, clock } = await openTestDartwing({}, '2026-11-23T10:00:00.000Z');
  const organizations: Record<string, string> = {};
  let person = '';

  beforeAll(async () => {
    const owners = { acme: 'ana@read.test', bolt: 'ana@read.test', cove: 'carl@read.test' };
    for (const [slug, owner] of Object.entries(owners)) {
      const { after } = await dartwing.tenancy.create({ slug, type: 'company', owner });
      organizations[slug] = String(after?.id);
    }
    person = (await dartwing.people.members('acme'))[0]!.person;
    await database.admin.query(`
      create table note (organization text, id text, modified timestamptz, primary key (organization, id));
      create index note_newest on note (organization, modified desc, id);
      insert into note select id, 'NOTE-' || n, now() - n * interval '1 minute' from organization, generate_series(1, 2000) n;
      alter table note owner to dartwing_owner;
      analyze note`);
    await stampPolicies(database.admin, 'dartwing', roleNames('dartwing'));
  });

  test('shows the rows of those organizations and of no other', async () => {
    const seen = await dartwing.asPerson(person, async (tx) => {
      const { rows } = await tx.query<{ organization: string }>(
        'select distinct organization from note order by 1',
      );
      return rows.map((row) => row.organization);
    });
    expect(seen).toEqual([organizations.acme, organizations.bolt].sort());
  });

  test('shows nothing to somebody who belongs nowhere', async () => {
    const { rows } = await dartwing.asPerson('PERSON-2026-99999', (tx) => tx.query('select from note'));
    expect(rows).toEqual([]);
  });

  test('shows the organization of a guest until the moment the time is over, and nobody has to end it', async () => {
    const until = (at: string | null) =>
      database.admin.query('update org_member set guest_until = $1 where organization = $2', [
        at,
        organizations.bolt,
      ]);
    const seen = () =>
      dartwing.asPerson(person, async (tx) => {
        const { rows } = await tx.query<{ organization: string }>('select distinct organization from note');
        return rows.length;
      });
    await until('2026-11-23T11:00:00Z');
    expect(await seen()).toBe(2);
    clock.set('2026-11-23T11:00:00Z');
    expect(await seen()).toBe(1);
    await until(null);
    expect(await seen()).toBe(2);
  });

  test('leaves the choice of the index to the predicate of the query, and hashes the list for many rows only', async () => {
    const plan = (text: string, values: unknown[]) =>
      dartwing.asPerson(person, async (tx) => {
        const { rows } = await tx.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${text}`, values);
        return rows.map((row) => row['QUERY PLAN'].trim()).join('\n');
      });
    const byKey = await plan('select * from note where organization = $1 and id = $2', [
      organizations.bolt,
      'NOTE-7',
    ]);
    expect(byKey).toContain('using note_pkey');
    expect(byKey).not.toContain('hashed SubPlan');
    const list = await plan(
      `select note.* from ${mine} as mine (organization) cross join lateral (
         select * from note where note.organization = mine.organization order by modified desc, id limit 20) note
       order by modified desc, id limit 20`,
      [],
    );
    expect(list).toContain('using note_newest');
    expect(list).toContain('hashed SubPlan');
  });
});
