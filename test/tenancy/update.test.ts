import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;
let clock: Awaited<ReturnType<typeof openTestDartwing>>['clock'];

beforeAll(async () => {
  ({ dartwing, database, clock } = await openTestDartwing());
});

let made = 0;

/** A fresh organization; its slug. */
async function found(type = 'company', more: Record<string, unknown> = {}): Promise<string> {
  const slug = `up-${++made}`;
  await dartwing.tenancy.create({ slug, type, ...more });
  return slug;
}

const select = async (sql: string, ...values: unknown[]) =>
  (await database.admin.query<Record<string, unknown>>(sql, values)).rows;

describe('renaming', () => {
  it.each(['', '   ', '\t\n', ' '])('T-O12 refuses the blank name %j and changes nothing', async (name) => {
    const slug = await found();
    await expect(dartwing.tenancy.update(slug, { name })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      fields: [{ path: 'name', message: 'must not be blank' }],
    });
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ name: slug, version: 1 });
  });

  it('T-O12 trims the name and leaves an audit entry with both names and the reason', async () => {
    const slug = await found();
    const change = await dartwing.tenancy.update(
      slug,
      { name: '  Acme Clinic \n' },
      { reason: 'rebranding' },
    );
    expect(change).toMatchObject({ op: 'update', after: { name: 'Acme Clinic', version: 2 } });
    const { items } = await dartwing.audit.query({ organization: change.after!.id, action: 'update' });
    expect(items).toMatchObject([
      { id: change.audit, reason: 'rebranding', old: { name: slug }, new: { name: 'Acme Clinic' } },
    ]);
  });

  it('T-O12 refuses a person without write permission and leaves no entry', async () => {
    const slug = await found();
    const call = { principal: { type: 'person', id: 'PERSON-2026-99999' } } as const;
    await expect(dartwing.tenancy.update(slug, { name: 'Mine' }, call)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const { id, name } = await dartwing.tenancy.show(slug);
    expect(name).toBe(slug);
    expect((await dartwing.audit.query({ organization: id, action: 'update' })).items).toEqual([]);
  });

  it('T-O12 is followed by the mirror in the family and in every member row', async () => {
    const slug = await found('family', { owner: 'robin@larks.test' });
    const { after } = await dartwing.tenancy.update(slug, { name: 'The Larks' });
    expect(after).toMatchObject({ family: { family_name: 'The Larks' } });
    expect(
      await select('select organization_name from org_member where organization = $1', after?.id),
    ).toEqual([{ organization_name: 'The Larks' }]);
  });

  it('keeps a family name that is given together with the name', async () => {
    const slug = await found('family');
    const { after } = await dartwing.tenancy.update(slug, {
      name: 'Household',
      concrete: { family_name: slug },
    });
    expect(after).toMatchObject({ name: 'Household', family: { family_name: slug } });
  });

  it('leaves the legal name of a company as it is', async () => {
    const slug = await found('company', { name: 'Acme' });
    const { after } = await dartwing.tenancy.update(slug, { name: 'Acme Clinic' });
    expect(after).toMatchObject({ company: { legal_name: 'Acme' } });
  });
});

describe('the type', () => {
  it.each(['org_type', 'type', 'region', 'slug', 'id', 'version'])(
    'T-O5 cannot be reached by an update of %s',
    async (key) => {
      const slug = await found();
      const before = await dartwing.tenancy.show(slug);
      await expect(dartwing.tenancy.update(slug, { [key]: 'family' })).rejects.toMatchObject({
        code: 'VALIDATION_ERROR',
        fields: [{ path: key }],
      });
      expect(await dartwing.tenancy.show(slug)).toEqual(before);
    },
  );

  it.each([
    "org_type = 'family'",
    "status = 'dissolved'",
    "slug = 'other'",
    'legal_hold = false',
    'suspended_at = null',
    "linked_name = 'CO-99999'",
    "tier = 'enterprise'",
  ])('T-O5 cannot be saved directly by the role of tenants: %s', async (assignment) => {
    const slug = await found();
    const before = await dartwing.tenancy.show(slug);
    await expect(
      dartwing.asOrg(slug, (tx) => tx.query(`update organization set ${assignment}`)),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await dartwing.tenancy.show(slug)).toEqual(before);
  });

  it('T-O5 leaves name and status changeable', async () => {
    const slug = await found();
    const { after } = await dartwing.tenancy.update(slug, { name: 'Other', status: 'inactive' });
    expect(after).toMatchObject({ name: 'Other', status: { state: 'inactive' } });
    await dartwing.asOrg(slug, (tx) => tx.query("update organization set org_name = 'Saved'"));
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ name: 'Saved', type: 'company' });
  });
});

describe('settings and concrete fields', () => {
  it('changes what is named and leaves the rest', async () => {
    const slug = await found('company', {
      tier: 'pro',
      concrete: { tax_id: '12', jurisdiction_state: 'Oregon' },
    });
    clock.advance(60_000);
    const { before, after } = await dartwing.tenancy.update(slug, {
      mfa_required: true,
      session_timeout_minutes: 15,
      concrete: { tax_id: '34', jurisdiction_state: null },
    });
    expect(after).toEqual({
      ...before,
      mfa_required: true,
      session_timeout_minutes: 15,
      version: 2,
      modified_at: clock.now().toISOString(),
      company: { ...(before!.company as object), tax_id: '34', jurisdiction_state: null },
    });
  });

  it('changes nothing when everything is so already, and leaves no entry', async () => {
    const slug = await found('association', {
      concrete: { membership_tiers: [{ tier_name: 'Adult', annual_fee_cents: 100 }] },
    });
    const { id } = await dartwing.tenancy.show(slug);
    const change = await dartwing.tenancy.update(slug, {
      name: slug,
      tier: 'free',
      concrete: { membership_tiers: [{ annual_fee_cents: 100, tier_name: 'Adult', benefits: null }] },
    });
    expect(change).toMatchObject({ op: 'none', audit: null, after: { version: 1 } });
    expect((await dartwing.audit.query({ organization: id, action: 'update' })).items).toEqual([]);
  });

  it('replaces a child list as a whole and keeps its order', async () => {
    const slug = await found('association', { concrete: { membership_tiers: [{ tier_name: 'Old' }] } });
    const tiers = ['Junior', 'Adult', 'Veteran'].map((tier_name) => ({ tier_name }));
    await dartwing.tenancy.update(slug, { concrete: { membership_tiers: tiers } });
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ association: { membership_tiers: tiers } });
    await dartwing.tenancy.update(slug, { concrete: { membership_tiers: [] } });
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ association: { membership_tiers: [] } });
  });

  it.each([
    ['a tier', { tier: 'gold' }, 'tier'],
    ['a status', { status: 'dissolved' as 'active' }, 'status'],
    ['a time limit', { session_timeout_minutes: 601 }, 'session_timeout_minutes'],
    ['half a minute', { session_timeout_minutes: 0.5 }, 'session_timeout_minutes'],
    ['a truth', { mfa_required: 'yes' as unknown as boolean }, 'mfa_required'],
    ['a name of 141 characters', { name: 'x'.repeat(141) }, 'name'],
    ['a name with NUL', { name: 'a\0b' }, 'name'],
    ['a name with half a character', { name: 'a\ud800b' }, 'name'],
    ['an empty logo', { logo: ' ' }, 'logo'],
    ['a concrete field', { concrete: { tax_idd: '1' } }, 'concrete.tax_idd'],
    ['a field of another type', { concrete: { family_name: 'x' } }, 'concrete.family_name'],
    ['an entity type', { concrete: { entity_type: 'Ltd' } }, 'concrete.entity_type'],
    ['a day', { concrete: { formation_date: '2026-02-30' } }, 'concrete.formation_date'],
    ['the year 0', { concrete: { formation_date: '0000-01-01' } }, 'concrete.formation_date'],
    ['no legal name', { concrete: { legal_name: null } }, 'concrete.legal_name'],
    [
      '501 officers',
      { concrete: { officers: Array(501).fill({ person: 'p', title: 't' }) } },
      'concrete.officers',
    ],
    [
      'an officer with NUL in the title',
      { concrete: { officers: [{ person: 'p', title: 'C\0O' }] } },
      'concrete.officers.0.title',
    ],
  ])('refuses %s and names the field', async (_, changes, path) => {
    const slug = await found();
    await expect(dartwing.tenancy.update(slug, changes)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      fields: [{ path }],
    });
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ version: 1 });
  });

  it('suggests the name that was meant', async () => {
    const slug = await found();
    await expect(dartwing.tenancy.update(slug, { concrete: { tax_idd: '1' } })).rejects.toMatchObject({
      fields: [{ message: 'is not a field, did you mean tax_id?' }],
    });
  });

  it('refuses more screen time than a column holds', async () => {
    const slug = await found('family');
    await expect(
      dartwing.tenancy.update(slug, { concrete: { screen_time_limit_minutes: 2 ** 31 } }),
    ).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it('refuses an officer nobody knows', async () => {
    const slug = await found();
    await expect(
      dartwing.tenancy.update(slug, { concrete: { officers: [{ person: 'no@one.test', title: 'CEO' }] } }),
    ).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
  });

  it('refuses concrete fields where the record is missing, and names the repair', async () => {
    const slug = await found();
    const { id } = await dartwing.tenancy.show(slug);
    await database.admin.query('delete from company where organization = $1', [id]);
    await expect(dartwing.tenancy.update(slug, { concrete: { tax_id: '1' } })).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
      fix: [`dartwing org repair ${slug}`],
    });
    expect(await dartwing.tenancy.update(slug, { name: 'Still' })).toMatchObject({
      after: { name: 'Still' },
    });
  });
});

describe('whom it concerns', () => {
  it('tells a wrong value before a missing organization, and nobody before both', async () => {
    const wrong = { tier: 'gold' };
    const nobody = { principal: { type: 'operator', id: '' } } as const;
    await expect(dartwing.tenancy.update('nowhere', wrong, nobody)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await expect(dartwing.tenancy.update('nowhere', wrong)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    const person = { principal: { type: 'person', id: 'PERSON-2026-99999' } } as const;
    await expect(dartwing.tenancy.update('nowhere', {}, person)).rejects.toMatchObject({
      code: 'ORGANIZATION_NOT_FOUND',
    });
  });

  it('suggests the slug that was meant', async () => {
    await dartwing.tenancy.create({ slug: 'riverside', type: 'company' });
    await expect(dartwing.tenancy.update('riversdie', { name: 'x' })).rejects.toMatchObject({
      code: 'ORGANIZATION_NOT_FOUND',
      why: 'Did you mean riverside?',
    });
  });

  it('refuses an organization without a name', async () => {
    await expect(dartwing.tenancy.update(' ', { name: 'x' })).rejects.toMatchObject({
      code: 'ORGANIZATION_REQUIRED',
    });
  });

  it('refuses a dissolved one', async () => {
    const slug = await found();
    await dartwing.tenancy.dissolve(slug, {}, { reason: 'r' });
    await expect(dartwing.tenancy.update(slug, { name: 'x' })).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
    });
  });

  it('puts a dissolved one under legal hold, and changes nothing else of it', async () => {
    const slug = await found();
    await dartwing.tenancy.dissolve(slug, { purgeAfterDays: 0 }, { reason: 'r' });
    await expect(dartwing.tenancy.update(slug, { legal_hold: true, tier: 'pro' })).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
    });
    const { after } = await dartwing.tenancy.update(slug, { legal_hold: true });
    expect(after).toMatchObject({ legal_hold: true, status: { state: 'dissolved' } });
    await expect(dartwing.tenancy.purge(slug, { reason: 'r' })).rejects.toMatchObject({ code: 'LEGAL_HOLD' });
  });

  it('changes no other organization', async () => {
    const [mine, other] = [await found('family'), await found('family')];
    const before = await dartwing.tenancy.show(other);
    await dartwing.tenancy.update(mine, { name: 'Mine', concrete: { family_nickname: 'Us' } });
    expect(await dartwing.tenancy.show(other)).toEqual(before);
  });

  it('is invisible to another organization', async () => {
    const [mine, other] = [await found(), await found()];
    const { id } = await dartwing.tenancy.show(mine);
    const seen = await dartwing.asOrg(other, async (tx) => [
      (await tx.query('select from organization where id = $1', [id])).rowCount,
      (await tx.query('select from company where organization = $1', [id])).rowCount,
      (await tx.query("update organization set org_name = 'Stolen' where id = $1", [id])).rowCount,
      (await tx.query("update company set legal_name = 'Stolen' where organization = $1", [id])).rowCount,
      (await tx.query('select from audit_event where organization = $1', [id])).rowCount,
    ]);
    expect(seen).toEqual([0, 0, 0, 0, 0]);
    expect(await dartwing.tenancy.show(mine)).toMatchObject({ name: mine });
  });
});

describe('versions', () => {
  it('refuses a change of another version and tells both', async () => {
    const slug = await found();
    await dartwing.tenancy.update(slug, { name: 'Second' });
    await expect(dartwing.tenancy.update(slug, { name: 'Late' }, { ifVersion: 1 })).rejects.toMatchObject({
      code: 'VERSION_MOVED',
      message: expect.stringMatching(/version 2, not 1/),
    });
    expect(await dartwing.tenancy.update(slug, { name: 'Third' }, { ifVersion: 2 })).toMatchObject({
      after: { version: 3 },
    });
  });

  it('lets one of two updates of the same version through', async () => {
    const slug = await found();
    const outcomes = await Promise.allSettled(
      ['One', 'Two'].map((name) => dartwing.tenancy.update(slug, { name }, { ifVersion: 1 })),
    );
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find((outcome) => outcome.status === 'rejected')).toMatchObject({
      reason: { code: 'VERSION_MOVED' },
    });
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ version: 2 });
  });

  it('loses none of many updates at once', async () => {
    const slug = await found();
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => dartwing.tenancy.update(slug, { name: `Name ${n}` })),
    );
    const { id, version } = await dartwing.tenancy.show(slug);
    expect(version).toBe(21);
    const { items } = await dartwing.audit.query({ organization: id, action: 'update' });
    // Each saw what the one before it left.
    const versions = items.map(({ old, new: after }) => [
      (old as { version: number }).version,
      (after as { version: number }).version,
    ]);
    expect(versions).toEqual(Array.from({ length: 20 }, (_, n) => [20 - n, 21 - n]));
  });
});

describe('an idempotency key', () => {
  it('stands for one request, whatever in it is undefined', async () => {
    const slug = await found();
    const call = { idempotencyKey: `key-${slug}` };
    const first = await dartwing.tenancy.update(slug, { name: 'Once', tier: undefined }, call);
    expect(await dartwing.tenancy.update(slug, { name: 'Once' }, call)).toEqual(first);
    await expect(dartwing.tenancy.update(slug, { name: 'Twice' }, call)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ name: 'Once', version: 2 });
  });

  it('tells one end of a suspension from another, and one repair from another', async () => {
    const [slug, other] = [await found(), await found()];
    const call = { idempotencyKey: `until-${slug}`, reason: 'r' };
    const until = new Date(clock.now().getTime() + 3_600_000);
    await dartwing.tenancy.suspend(slug, { until }, call);
    await expect(dartwing.tenancy.suspend(slug, {}, call)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    const repair = { idempotencyKey: `repair-${slug}` };
    await dartwing.tenancy.repair(slug, repair);
    await expect(dartwing.tenancy.repair(other, repair)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
  });

  it('counts for nothing in a verb that reads', async () => {
    const [one, two] = [await found(), await found()];
    const call = { idempotencyKey: `read-${one}` };
    expect(await dartwing.tenancy.show(one, call)).toMatchObject({ slug: one });
    expect(await dartwing.tenancy.show(two, call)).toMatchObject({ slug: two });
  });

  it('is forgotten after a day', async () => {
    const slug = await found();
    const call = { idempotencyKey: `day-${slug}` };
    await dartwing.tenancy.update(slug, { name: 'First' }, call);
    clock.advance(86_400_000);
    expect(await dartwing.tenancy.update(slug, { name: 'Second' }, call)).toMatchObject({ op: 'update' });
  });

  it.each(['', 'k'.repeat(201)])('has 1 to 200 characters: %j', async (idempotencyKey) => {
    const slug = await found();
    await expect(dartwing.tenancy.update(slug, { name: 'x' }, { idempotencyKey })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
  });

  it('keeps nothing of a dry run', async () => {
    const slug = await found();
    const call = { idempotencyKey: `dry-${slug}` };
    await dartwing.tenancy.update(slug, { name: 'x' }, { ...call, dryRun: true });
    expect(await dartwing.tenancy.update(slug, { name: 'x' }, call)).toMatchObject({
      op: 'update',
      dry_run: false,
    });
  });
});
