import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing, ListOrganizationsInput } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;
let clock: Awaited<ReturnType<typeof openTestDartwing>>['clock'];

/** Names that mean something to LIKE, to SQL, to a terminal or to a reader from the right. */
const names = [
  ['percent', '100% Pure', 'company', 'free'],
  ['underscore', 'snake_case', 'company', 'pro'],
  ['backslash', 'back\\slash', 'family', 'free'],
  ['quote', 'O\'Brien & "Sons"', 'family', 'pro'],
  ['emoji', '🚀 Rockets', 'nonprofit', 'enterprise'],
  ['arabic', 'مرحبا', 'association', 'free'],
  ['escape', '\u001b[31mred', 'company', 'free'],
] as const;

beforeAll(async () => {
  ({ dartwing, database, clock } = await openTestDartwing());
  for (const [slug, name, type, tier] of names) {
    await dartwing.tenancy.create({
      slug,
      name,
      type,
      tier,
      region: type === 'family' ? 'eu-central-1' : undefined,
    });
    clock.advance(1_000);
  }
  await dartwing.tenancy.update('underscore', { status: 'inactive' });
  await dartwing.tenancy.suspend('backslash', {}, { reason: 'r' });
  await dartwing.tenancy.dissolve('quote', {}, { reason: 'r' });
});

const slugs = async (input: ListOrganizationsInput) =>
  (await dartwing.tenancy.list(input)).items.map(({ slug }) => slug);
const all = names.map(([slug]) => slug);

describe('showing one', () => {
  it('T-O9 has the fields of its type, with child rows and the count of members', async () => {
    await dartwing.tenancy.create({
      slug: 'clinic',
      type: 'company',
      owner: 'ana@show.test',
      concrete: { entity_type: 'LLC' },
    });
    await dartwing.tenancy.update('clinic', {
      concrete: { officers: [{ person: 'ana@show.test', title: 'CEO', start_date: '2026-01-31' }] },
    });
    const document = await dartwing.tenancy.show('clinic');
    expect(document).toMatchObject({
      api_version: 'dartwing/v1',
      kind: 'Org',
      company: {
        name: document.status.linked_name,
        legal_name: 'clinic',
        entity_type: 'LLC',
        tax_id: null,
        officers: [{ title: 'CEO', start_date: '2026-01-31', end_date: null }],
        members_partners: [],
      },
      status: { state: 'active', members: 1, linked_doctype: 'Company' },
    });
    expect(await dartwing.tenancy.show(document.id)).toEqual(document);
  });

  it('T-O9 T-O13 has null for a concrete record that is missing', async () => {
    const { id } = await dartwing.tenancy.show('arabic');
    await database.admin.query('delete from association where organization = $1', [id]);
    expect(await dartwing.tenancy.show('arabic')).toMatchObject({ slug: 'arabic', association: null });
    await dartwing.tenancy.repair('arabic');
  });

  it.each(['Clinic', 'clinic ', 'ORG-2026-99999', "clinic' --", '%', 'x'.repeat(10_000)])(
    'finds nothing under %j',
    async (ref) => {
      await expect(dartwing.tenancy.show(ref)).rejects.toMatchObject({ code: 'ORGANIZATION_NOT_FOUND' });
    },
  );

  it('is for operators and members: whoever is neither finds the list empty and is refused by name', async () => {
    const principal = { type: 'person', id: 'PERSON-2026-99999' } as const;
    expect(await dartwing.tenancy.list({}, { principal })).toMatchObject({ items: [], total_count: 0 });
    for (const refused of [
      () => dartwing.tenancy.show('clinic', { principal }),
      () => dartwing.people.members('clinic', { principal }),
    ])
      await expect(refused()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const [ana] = await dartwing.people.members('clinic');
    const member = { principal: { type: 'person', id: ana!.person } } as const;
    expect(await dartwing.tenancy.show('clinic', member)).toMatchObject({ slug: 'clinic' });
    expect((await dartwing.tenancy.list({}, member)).items).toMatchObject([{ slug: 'clinic' }]);
  });

  it('leaves what it was for in the trail of the installation', async () => {
    await dartwing.tenancy.show('clinic', {
      reason: 'ticket 7',
      principal: { type: 'operator', id: 'root' },
    });
    const { items } = await dartwing.audit.query({
      organization: 'SYSTEM',
      action: 'system.access',
      limit: 2,
    });
    expect(items.find(({ actor }) => actor === 'root')).toMatchObject({ reason: 'org show: ticket 7' });
  });

  it('leaves a member of B with nothing of A', async () => {
    await dartwing.tenancy.create({ slug: 'beside', type: 'company', owner: 'bo@show.test' });
    const tables = ['organization', 'company', 'organization_officer', 'org_member', 'permission_grant'];
    const { id } = await dartwing.tenancy.show('clinic');
    const [bo] = await dartwing.people.members('beside');
    const foreign = (table: string) =>
      `select from ${table} where ${table === 'organization' ? 'id' : 'organization'} = '${id}'`;
    for (const table of tables) {
      const count = (query: (text: string) => Promise<{ rowCount: number }>) =>
        query(foreign(table)).then(({ rowCount }) => rowCount);
      expect([table, await dartwing.asOrg('clinic', (tx) => count(tx.query))]).not.toEqual([table, 0]);
      expect([table, await dartwing.asOrg('beside', (tx) => count(tx.query))]).toEqual([table, 0]);
      expect([table, await dartwing.asPerson(bo!.person, (tx) => count(tx.query))]).toEqual([table, 0]);
    }
  });
});

describe('listing', () => {
  it.each<[ListOrganizationsInput, string[]]>([
    [{ search: '%' }, ['percent']],
    [{ search: '_' }, ['underscore']],
    [{ search: '\\' }, ['backslash']],
    [{ search: "'" }, ['quote']],
    [{ search: '"' }, ['quote']],
    [{ search: "' or 1=1 --" }, []],
    [{ search: '🚀' }, ['emoji']],
    [{ search: 'مرح' }, ['arabic']],
    [{ search: 'PURE' }, ['percent']],
    [{ search: 'ERSCO' }, ['underscore']],
    [{ search: '\u001b' }, ['escape']],
    [{ state: 'inactive' }, ['underscore']],
    [{ state: 'suspended' }, ['backslash']],
    [{ state: 'dissolved' }, ['quote']],
    [{ type: 'nonprofit' }, ['emoji']],
    [{ type: 'club' }, ['arabic']],
    [{ tier: 'enterprise' }, ['emoji']],
    [{ region: 'eu-central-1' }, ['backslash', 'quote']],
    [{ region: 'eu-central-1', tier: 'pro', search: 'sons' }, ['quote']],
    [{ state: 'active', tier: 'pro' }, []],
  ])('%j finds %j', async (input, expected) => {
    expect(await slugs(input)).toEqual(expected);
  });

  it.each<[string, (a: number, b: number) => number]>([
    ['created_at', (a, b) => a - b],
    ['-created_at', (a, b) => b - a],
    ['id', (a, b) => a - b],
    ['-id', (a, b) => b - a],
  ])('sorts by %s', async (sort, compare) => {
    const order = all.map((_, index) => index).sort(compare);
    const listed = await slugs({ sort, limit: 500 });
    expect(listed.filter((slug) => all.includes(slug as (typeof all)[number]))).toEqual(
      order.map((index) => all[index]),
    );
  });

  it('sorts by slug and name, either way', async () => {
    const bySlug = await slugs({ sort: 'slug', limit: 500 });
    expect(bySlug).toEqual([...bySlug].sort());
    expect(await slugs({ sort: '-slug', limit: 500 })).toEqual([...bySlug].reverse());
    expect((await slugs({ sort: 'name' })).length).toBe(bySlug.length);
  });

  it('pages without gap or repetition and counts them all on every page', async () => {
    const whole = await slugs({ limit: 500 });
    const pages: string[] = [];
    for (let offset = 0; offset < whole.length; offset += 2) {
      const { items, total_count, limit } = await dartwing.tenancy.list({ limit: 2, offset });
      expect({ total_count, limit }).toEqual({ total_count: whole.length, limit: 2 });
      pages.push(...items.map(({ slug }) => slug));
    }
    expect(pages).toEqual(whole);
    expect(await dartwing.tenancy.list({ offset: 1_000 })).toMatchObject({
      items: [],
      total_count: whole.length,
      offset: 1_000,
    });
    expect(await dartwing.tenancy.list({ state: 'active', search: 'nothing' })).toMatchObject({
      items: [],
      total_count: 0,
    });
  });

  it.each<[string, ListOrganizationsInput]>([
    ['a state', { state: 'Active' }],
    ['a type', { type: 'school' }],
    ['a tier', { tier: 'gold' }],
    ['a column', { sort: 'org_name; drop table organization' }],
    ['a column of the prototype', { sort: 'constructor' }],
    ['two signs', { sort: '--slug' }],
    ['no row', { limit: 0 }],
    ['half a row', { limit: 1.5 }],
    ['501 rows', { limit: 501 }],
    ['a negative offset', { offset: -1 }],
    ['no number', { offset: Number.NaN }],
  ])('refuses %s', async (_, input) => {
    await expect(dartwing.tenancy.list(input)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });
});
