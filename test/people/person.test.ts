import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing());
});

let turn = 0;
/** A person of their own for each test. */
const create = async (more: object = {}) => {
  const primary_email = `person-${++turn}@people.test`;
  const input = { primary_email, first_name: 'Ana', last_name: `Lima ${turn}`, source: 'import' as const };
  return (await dartwing.people.person.create({ ...input, ...more })).after!;
};

describe('creating a person', () => {
  it('T-P1 makes an active person and keeps the source', async () => {
    const change = await dartwing.people.person.create({
      primary_email: ' Ana@People.test ',
      first_name: 'Ana',
      last_name: 'Lima',
      source: 'import',
    });
    expect(change).toMatchObject({ kind: 'Change', op: 'create', ref: `person/${change.after?.id}` });
    expect(change.after).toMatchObject({
      api_version: 'dartwing/v1',
      kind: 'Person',
      id: expect.stringMatching(/^PERSON-2026-\d{5}$/),
      primary_email: 'ana@people.test',
      full_name: 'Ana Lima',
      source: 'import',
      frappe_user: null,
      user_sync_status: null,
      version: 1,
      status: { state: 'active' },
    });
  });

  it('T-P2 refuses an address that somebody has, on create and on update', async () => {
    const [one, other] = [await create(), await create()];
    await expect(create({ primary_email: one.primary_email.toUpperCase() })).rejects.toMatchObject({
      code: 'PERSON_EMAIL_TAKEN',
      kind: 'conflict',
      fields: [{ path: 'primary_email' }],
    });
    await expect(
      dartwing.people.person.update(other.id, { primary_email: one.primary_email }),
    ).rejects.toMatchObject({ code: 'PERSON_EMAIL_TAKEN' });
  });

  it('T-P3 refuses an identity provider id in another case, and lets many have none', async () => {
    await create({ keycloak_user_id: 'F81D4FAE-A' });
    await expect(create({ keycloak_user_id: 'f81d4fae-a' })).rejects.toMatchObject({
      code: 'PERSON_EXTERNAL_ID_TAKEN',
      kind: 'conflict',
      fields: [{ path: 'keycloak_user_id' }],
    });
    expect((await create()).keycloak_user_id).toBeNull();
    expect((await create()).keycloak_user_id).toBeNull();
  });

  it('T-P4 refuses a login account that belongs to another person', async () => {
    await create({ frappe_user: 'desk' });
    await expect(create({ frappe_user: 'Desk' })).rejects.toMatchObject({
      code: 'PERSON_USER_TAKEN',
      kind: 'conflict',
      fields: [{ path: 'frappe_user' }],
    });
    const other = await create();
    await expect(dartwing.people.person.update(other.id, { frappe_user: 'desk' })).rejects.toMatchObject({
      code: 'PERSON_USER_TAKEN',
    });
  });

  it('T-P16 keeps a local number of the United States as E.164 and refuses what is none', async () => {
    expect((await create({ mobile_no: '(415) 555-2671' })).mobile_no).toBe('+14155552671');
    expect((await create({ mobile_no: '+49 30 901820' })).mobile_no).toBe('+4930901820');
    for (const mobile_no of ['12', 'call me', '+1 000 000 0000'])
      await expect(create({ mobile_no })).rejects.toMatchObject({ code: 'PHONE_INVALID', kind: 'invalid' });
  });

  it('names every wrong field', async () => {
    await expect(create({ first_name: ' ', source: 'rumour', mobile_nr: '1' })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      fields: [
        { path: 'first_name' },
        { path: 'source' },
        { path: 'mobile_nr', message: 'is not a field, did you mean mobile_no?' },
      ],
    });
    await expect(create({ primary_email: 'nobody' })).rejects.toMatchObject({ code: 'EMAIL_INVALID' });
  });

  it('accepts who exists with the same values, and only then, when asked to', async () => {
    const { primary_email, last_name, id } = await create();
    const input = {
      primary_email,
      first_name: 'Ana',
      last_name,
      source: 'import' as const,
      ifNotExists: true,
    };
    expect(await dartwing.people.person.create(input)).toMatchObject({
      op: 'none',
      audit: null,
      after: { id },
    });
    await expect(dartwing.people.person.create({ ...input, first_name: 'Bo' })).rejects.toMatchObject({
      code: 'PERSON_DIFFERS',
      fields: [{ path: 'first_name' }],
    });
    const twins = { ...input, primary_email: 'twins@people.test' };
    const made = await Promise.all(Array.from({ length: 8 }, () => dartwing.people.person.create(twins)));
    expect(made.filter((change) => change.op === 'create')).toHaveLength(1);
    expect(new Set(made.map((change) => change.after?.id)).size).toBe(1);
  });

  it('writes nothing in a dry run', async () => {
    const input = {
      primary_email: 'dry@people.test',
      first_name: 'D',
      last_name: 'R',
      source: 'import' as const,
    };
    expect(await dartwing.people.person.create(input, { dryRun: true })).toMatchObject({
      op: 'create',
      dry_run: true,
    });
    await expect(dartwing.people.person.show('dry@people.test')).rejects.toMatchObject({
      code: 'PERSON_NOT_FOUND',
      kind: 'not_found',
    });
  });

  it('leaves one audit entry for each change, with before and after', async () => {
    const { id } = await create();
    await dartwing.people.person.update(id, { first_name: 'Anna' }, { reason: 'spelled wrongly' });
    await dartwing.people.person.delete(id);
    const { items } = await dartwing.audit.query({ organization: 'SYSTEM', doctype: 'Person', name: id });
    expect(items.map((item) => item.action).sort()).toEqual(['create', 'delete', 'update']);
    expect(items.find((item) => item.action === 'update')).toMatchObject({
      reason: 'spelled wrongly',
      old: { first_name: 'Ana' },
      new: { first_name: 'Anna' },
    });
  });
});

describe('changing a person', () => {
  it('changes what is named, counts the version and says when nothing changed', async () => {
    const { id } = await create();
    const { after } = await dartwing.people.person.update(id, {
      first_name: 'Bo',
      mobile_no: '415 555 2671',
    });
    expect(after).toMatchObject({ first_name: 'Bo', mobile_no: '+14155552671', version: 2 });
    expect(await dartwing.people.person.update(id, { first_name: 'Bo' })).toMatchObject({ op: 'none' });
    expect((await dartwing.people.person.update(id, { mobile_no: null })).after?.mobile_no).toBeNull();
    await expect(
      dartwing.people.person.update(id, { first_name: 'Cy' }, { ifVersion: 1 }),
    ).rejects.toMatchObject({ code: 'VERSION_MOVED' });
  });

  it('mirrors name and address in the memberships and renames the account with its grants', async () => {
    const { after: organization } = await dartwing.tenancy.create({
      slug: 'mirror',
      type: 'company',
      owner: 'old@people.test',
    });
    await dartwing.people.person.update('old@people.test', {
      primary_email: 'new@people.test',
      last_name: 'Nova',
    });
    expect(await dartwing.people.members('mirror')).toMatchObject([
      { email: 'new@people.test', name: 'old Nova' },
    ]);
    const { rows } = await database.admin.query(
      'select distinct user_name from permission_grant where organization = $1',
      [organization?.id],
    );
    expect(rows).toEqual([{ user_name: 'new@people.test' }]);
    expect(await dartwing.people.person.show('new@people.test')).toMatchObject({
      frappe_user: 'new@people.test',
    });
  });

  it('refuses a personal organization that does not exist and takes one that does', async () => {
    const { id } = await create();
    await dartwing.tenancy.create({ slug: 'private', type: 'family' });
    await expect(dartwing.people.person.update(id, { personal_org: 'nowhere' })).rejects.toMatchObject({
      code: 'ORGANIZATION_NOT_FOUND',
    });
    const { after } = await dartwing.people.person.update(id, { personal_org: 'private' });
    expect(after?.personal_org).toMatch(/^ORG-/);
  });

  it('T-P10 makes somebody inactive instead, and their account with them', async () => {
    const { id } = await create({ frappe_user: 'sleeper' });
    const enabled = async () =>
      (await database.admin.query(`select enabled from user_account where name = 'sleeper'`)).rows[0]
        ?.enabled;
    expect((await dartwing.people.person.update(id, { status: 'inactive' })).after?.status.state).toBe(
      'inactive',
    );
    expect(await enabled()).toBe(false);
    await dartwing.people.person.update(id, { status: 'active' });
    expect(await enabled()).toBe(true);
  });
});

describe('deleting a person', () => {
  it('T-P9 is refused with counts and advice while something names them, and done otherwise', async () => {
    const { id, primary_email } = await create();
    await dartwing.tenancy.create({ slug: 'keeper', type: 'company', owner: 'boss@people.test' });
    await dartwing.people.member.add('keeper', id, 'Employee');
    await dartwing.tenancy.update('keeper', {
      concrete: { registered_agent: id, officers: [{ person: id, title: 'CFO' }] },
    });
    await expect(dartwing.people.person.delete(primary_email)).rejects.toMatchObject({
      code: 'PERSON_REFERENCED',
      kind: 'conflict',
      message: expect.stringContaining('1 memberships, 1 officers, 1 registered agents'),
      fix: [expect.stringContaining('--state inactive'), expect.stringContaining('person merge')],
    });
    await dartwing.tenancy.update('keeper', { concrete: { registered_agent: null, officers: [] } });
    await dartwing.people.member.delete('keeper', id);
    expect(await dartwing.people.person.delete(id)).toMatchObject({ op: 'delete', after: null });
    await expect(dartwing.people.person.show(id)).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
  });
});

describe('listing persons', () => {
  it('filters by state, source, address and text, sorts and pages', async () => {
    await create({ last_name: 'Zebra 100%', source: 'signup' });
    await create({ last_name: 'Zebra 1000', source: 'signup' });
    const { list } = dartwing.people.person;
    expect(await list({ search: 'zebra', sort: '-name' })).toMatchObject({
      kind: 'PersonList',
      total_count: 2,
      items: [{ last_name: 'Zebra 1000' }, { last_name: 'Zebra 100%' }],
    });
    expect((await list({ search: '100%' })).total_count).toBe(1);
    expect((await list({ search: 'zebra', source: 'import' })).total_count).toBe(0);
    expect(await list({ source: 'signup', limit: 1, offset: 1 })).toMatchObject({ total_count: 2, limit: 1 });
    expect(await list({ source: 'signup', offset: 99 })).toMatchObject({ total_count: 2, items: [] });
    expect((await list({ email: 'ANA@people.test' })).items).toHaveLength(1);
    for (const wrong of [{ state: 'gone' }, { limit: 0 }, { limit: 501 }, { offset: -1 }, { sort: 'shoe' }])
      await expect(list(wrong)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it('finds persons who may be one human', async () => {
    const same = { first_name: 'Dee', last_name: 'Duo', mobile_no: '+14155552600' };
    const [one, two] = [await create(same), await create({ ...same, first_name: 'dee' })];
    const [three, four] = [
      await create({ primary_email: 'jo.doe@people.test' }),
      await create({ primary_email: 'jodoe+shop@people.test' }),
    ];
    const { items } = await dartwing.people.person.duplicates();
    const groups = items.map(({ reason, persons }) => [reason, persons.map((person) => person.id)]);
    expect(groups).toContainEqual(['name_and_phone', [one.id, two.id]]);
    expect(groups).toContainEqual(['mailbox', [three.id, four.id]]);
  });
});

describe('who may do it', () => {
  it('tells nobody without a name and refuses persons without rights', async () => {
    const { id } = await create();
    const asStranger = { principal: { type: 'person' as const, id: (await create()).id } };
    const { person } = dartwing.people;
    await expect(person.show(id, { principal: { type: 'person', id: '' } })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    const input = {
      primary_email: 'x@people.test',
      first_name: 'X',
      last_name: 'X',
      source: 'import' as const,
    };
    for (const attempt of [
      () => person.create(input, asStranger),
      () => person.update(id, { first_name: 'X' }, asStranger),
      () => person.delete(id, asStranger),
      () => person.show(id, asStranger),
      () => person.list({}, asStranger),
      () => person.organizations(id, undefined, asStranger),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'PERMISSION_DENIED', kind: 'forbidden' });
  });
});
