import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing());
});

const count = async (table: string) =>
  Number((await database.admin.query(`select count(*) from ${table}`)).rows[0].count);

describe('creating an organization', () => {
  it.each([
    ['family', 'Family', 'FAM-'],
    ['company', 'Company', 'CO-'],
    ['nonprofit', 'Nonprofit', 'NPO-'],
    ['association', 'Association', 'ASSOC-'],
  ])('T-O1 makes a %s with its %s and links both ways', async (type, doctype, prefix) => {
    const { after } = await dartwing.tenancy.create({ slug: `kind-${type}`, type });
    expect(after).toMatchObject({ type, status: { state: 'active', linked_doctype: doctype } });
    expect(after?.id).toMatch(/^ORG-2026-\d{5}$/);
    expect(after?.status.linked_name).toMatch(new RegExp(`^${prefix}\\d{5}$`));
    const { rows } = await database.admin.query(`select name from ${type} where organization = $1`, [
      after?.id,
    ]);
    expect(rows).toEqual([{ name: after?.status.linked_name }]);
  });

  it('takes club for an association of type Club', async () => {
    const { after } = await dartwing.tenancy.create({ slug: 'tennis', type: 'club' });
    expect(after).toMatchObject({ type: 'association', association: { association_type: 'Club' } });
  });

  it('T-O2 refuses an unknown type, names the allowed ones and stores nothing', async () => {
    const before = await count('organization');
    await expect(dartwing.tenancy.create({ slug: 'sch', type: 'school' })).rejects.toMatchObject({
      code: 'ORGANIZATION_TYPE_INVALID',
      why: expect.stringContaining('family, company, nonprofit, association'),
    });
    expect(await count('organization')).toBe(before);
  });

  it('T-O3 leaves no organization behind when the concrete record cannot be stored', async () => {
    await database.admin.query(`alter table company add constraint sabotage check (legal_name <> 'Doomed')`);
    await expect(
      dartwing.tenancy.create({ slug: 'doomed', type: 'company', name: 'Doomed' }),
    ).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    await database.admin.query('alter table company drop constraint sabotage');
    const { rows } = await database.admin.query(`select id from organization where slug = 'doomed'`);
    expect(rows).toEqual([]);
  });

  it('T-O8 makes 100 consistent pairs from 100 parallel calls', async () => {
    const slugs = Array.from({ length: 100 }, (_, index) => `parallel-${index}`);
    await Promise.all(slugs.map((slug) => dartwing.tenancy.create({ slug, type: 'company' })));
    const { rows } =
      await database.admin.query(`select count(*)::int as pairs, count(distinct o.id)::int as ids
      from organization o join company c on c.organization = o.id and c.name = o.linked_name where o.slug like 'parallel-%'`);
    expect(rows).toEqual([{ pairs: 100, ids: 100 }]);
    expect(
      (await dartwing.tenancy.verify()).findings.filter((finding) => finding.severity === 'fail'),
    ).toEqual([]);
  });

  it('T-O14 makes the owner a supervisor with both grants', async () => {
    const { after } = await dartwing.tenancy.create({
      slug: 'owned',
      type: 'company',
      owner: 'Ana@Acme.test',
    });
    expect(await dartwing.people.members('owned')).toMatchObject([
      { email: 'ana@acme.test', role: 'Owner', is_supervisor: true, status: { state: 'active' } },
    ]);
    const { rows } = await database.admin.query(
      'select allow, for_value, user_name from permission_grant where organization = $1 order by allow desc',
      [after?.id],
    );
    expect(rows).toEqual([
      { allow: 'Organization', for_value: after?.id, user_name: 'ana@acme.test' },
      { allow: 'Company', for_value: after?.status.linked_name, user_name: 'ana@acme.test' },
    ]);
  });

  it('answers with the child rows that it stored, and so does the entry', async () => {
    const tiers = ['Adult', 'Junior'].map((tier_name) => ({
      tier_name,
      annual_fee_cents: 100,
      benefits: null,
    }));
    const { after } = await dartwing.tenancy.create({
      slug: 'with-tiers',
      type: 'club',
      concrete: { membership_tiers: tiers },
    });
    expect(after).toMatchObject({ association: { membership_tiers: tiers } });
    const { items } = await dartwing.audit.query({ organization: after!.id, action: 'create' });
    expect(items).toMatchObject([{ new: { association: { membership_tiers: tiers } } }]);
    expect(await dartwing.tenancy.show('with-tiers')).toMatchObject({
      association: { membership_tiers: tiers },
    });
  });

  it('gives one person to two organizations that are founded at the same time', async () => {
    await Promise.all(
      ['twin-a', 'twin-b'].map((slug) =>
        dartwing.tenancy.create({ slug, type: 'family', owner: 'twin@acme.test' }),
      ),
    );
    const { rows } = await database.admin.query(
      `select count(*)::int from person where primary_email = 'twin@acme.test'`,
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  it('leaves an audit entry with actor, door, reference and the new document', async () => {
    const { after, audit } = await dartwing.tenancy.create(
      { slug: 'audited', type: 'family' },
      { principal: { type: 'operator', id: 'root' }, via: 'cli' },
    );
    const { items } = await dartwing.audit.query({ organization: after!.id, action: 'create' });
    expect(items).toMatchObject([
      {
        id: audit,
        actor: 'root',
        via: 'cli',
        action: 'create',
        ref: `Organization/${after?.id}`,
        old: null,
        new: { slug: 'audited' },
      },
    ]);
  });
});

describe('creating it again', () => {
  it('refuses a slug that exists', async () => {
    await dartwing.tenancy.create({ slug: 'again', type: 'family' });
    await expect(dartwing.tenancy.create({ slug: 'again', type: 'family' })).rejects.toMatchObject({
      code: 'ORGANIZATION_EXISTS',
    });
  });

  it('accepts equal values with ifNotExists and changes nothing', async () => {
    await dartwing.tenancy.create({ slug: 'equal', type: 'family', name: 'Equal' });
    const change = await dartwing.tenancy.create({
      slug: 'equal',
      type: 'family',
      name: 'Equal',
      ifNotExists: true,
    });
    expect(change).toMatchObject({ op: 'none', audit: null, after: { version: 1 } });
  });

  it('refuses other values with ifNotExists and names them', async () => {
    await dartwing.tenancy.create({ slug: 'other', type: 'family', name: 'Other' });
    await expect(
      dartwing.tenancy.create({ slug: 'other', type: 'company', name: 'Changed', ifNotExists: true }),
    ).rejects.toMatchObject({
      code: 'ORGANIZATION_DIFFERS',
      fields: [
        { path: 'type', message: 'is "family", not "company"' },
        { path: 'name', message: 'is "Other", not "Changed"' },
      ],
    });
  });

  it('compares the owner with the active members', async () => {
    const input = { slug: 'compared', type: 'family', ifNotExists: true };
    await dartwing.tenancy.create({ ...input, owner: 'own@create.test' });
    expect(await dartwing.tenancy.create({ ...input, owner: 'Own@Create.test' })).toMatchObject({
      op: 'none',
    });
    await expect(dartwing.tenancy.create({ ...input, owner: 'other@create.test' })).rejects.toMatchObject({
      code: 'ORGANIZATION_DIFFERS',
      fields: [{ path: 'owner' }],
    });
    await expect(
      dartwing.tenancy.create({ ...input, owner: 'own@create.test', ownerRole: 'Child' }),
    ).rejects.toMatchObject({ code: 'ORGANIZATION_DIFFERS', fields: [{ path: 'owner' }] });
  });

  it('ends with one organization when many processes create it with ifNotExists at once', async () => {
    const changes = await Promise.all(
      Array.from({ length: 12 }, () =>
        dartwing.tenancy.create({ slug: 'race', type: 'family', ifNotExists: true }),
      ),
    );
    expect(changes.map((change) => change.op).sort()).toEqual(['create', ...Array(11).fill('none')]);
  });

  it('carries a call with an idempotency key out once and gives its answer again', async () => {
    const call = { idempotencyKey: 'key-1' };
    const first = await dartwing.tenancy.create({ slug: 'keyed', type: 'family' }, call);
    const second = await dartwing.tenancy.create({ slug: 'keyed', type: 'family' }, call);
    expect(second).toEqual(first);
    await expect(dartwing.tenancy.create({ slug: 'unlike', type: 'family' }, call)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
  });

  it('writes nothing in a dry run and says what it would make', async () => {
    const before = await count('organization');
    const change = await dartwing.tenancy.create({ slug: 'dry', type: 'family' }, { dryRun: true });
    expect(change).toMatchObject({ op: 'create', dry_run: true, after: { slug: 'dry' } });
    expect(await count('organization')).toBe(before);
  });
});

describe('input', () => {
  it.each([
    'A',
    'a',
    '-a',
    'a_b',
    'a--b',
    'a-',
    'new',
    "x'; drop table organization --",
    'ä'.repeat(3),
    'a'.repeat(64),
    '',
    'ORG-2026-00001',
  ])('refuses the slug %j and suggests one', async (slug) => {
    await expect(dartwing.tenancy.create({ slug, type: 'family' })).rejects.toMatchObject({
      code: 'SLUG_INVALID',
    });
  });

  it('T-O11 refuses wrong officers and percentages, and warns when percentages pass 100', async () => {
    const company = (concrete: Record<string, unknown>) =>
      dartwing.tenancy.create({ slug: 'pct', type: 'company', concrete });
    await dartwing.tenancy.create({ slug: 'people-of-pct', type: 'company', owner: 'cy@acme.test' });
    await expect(company({ officers: [{ person: 'cy@acme.test' }] })).rejects.toMatchObject({
      fields: [{ path: 'concrete.officers.0.title' }],
    });
    await expect(company({ officers: [{ title: 'CEO' }] })).rejects.toMatchObject({
      fields: [{ path: 'concrete.officers.0.person' }],
    });
    await expect(
      company({
        officers: [
          { person: 'cy@acme.test', title: 'CEO', start_date: '2026-02-01', end_date: '2026-01-01' },
        ],
      }),
    ).rejects.toMatchObject({ fields: [{ path: 'concrete.officers.0.end_date' }] });
    await expect(
      company({ members_partners: [{ person: 'cy@acme.test', ownership_percent: -1 }] }),
    ).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await expect(company({ officers: [{ person: 'nobody@acme.test', title: 'CEO' }] })).rejects.toMatchObject(
      { code: 'PERSON_NOT_FOUND' },
    );
    const change = await company({
      members_partners: [
        { person: 'cy@acme.test', ownership_percent: 60 },
        { person: 'cy@acme.test', ownership_percent: 45 },
      ],
    });
    expect(change.warnings).toEqual(['Ownership adds up to 105 percent']);
  });

  it('refuses an owner who is no address, and a role that does not supervise', async () => {
    await expect(
      dartwing.tenancy.create({ slug: 'no-owner', type: 'company', owner: 'ana' }),
    ).rejects.toMatchObject({ code: 'EMAIL_INVALID' });
    await expect(
      dartwing.tenancy.create({
        slug: 'no-owner',
        type: 'company',
        owner: 'a@b.test',
        ownerRole: 'Employee',
      }),
    ).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    await expect(
      dartwing.tenancy.create({ slug: 'no-owner', type: 'company', owner: 'a@b.test', ownerRole: 'Parent' }),
    ).rejects.toMatchObject({
      code: 'INVALID_ROLE_FOR_ORG_TYPE',
    });
    await expect(dartwing.tenancy.show('no-owner')).rejects.toMatchObject({ code: 'ORGANIZATION_NOT_FOUND' });
  });
});
