import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;
let clock: Awaited<ReturnType<typeof openTestDartwing>>['clock'];

beforeAll(async () => {
  ({ dartwing, database, clock } = await openTestDartwing());
});

const dayMs = 86_400_000;
const call = { reason: 'unpaid', principal: { type: 'operator', id: 'root' } } as const;
const person = { reason: 'r', principal: { type: 'person', id: 'PERSON-2026-99999' } } as const;
let made = 0;

async function found(type = 'company', more: Record<string, unknown> = {}): Promise<string> {
  const slug = `life-${++made}`;
  await dartwing.tenancy.create({ slug, type, ...more });
  return slug;
}

const stateOf = async (slug: string) => (await dartwing.tenancy.show(slug)).status.state;
const inMs = (ms: number) => new Date(clock.now().getTime() + ms);

/** Rows of every table that belong to an organization, but for what is kept to tell of it. */
async function rowsOf(organization: string): Promise<Record<string, number>> {
  const { rows: tables } = await database.admin.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization'
     where c.relnamespace = 'dartwing'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname not like 'audit%' and c.relname <> 'permission_event'`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of [...tables, { name: 'organization' }]) {
    const column = name === 'organization' ? 'id' : 'organization';
    const { rows } = await database.admin.query<{ count: number }>(
      `select count(*)::int from ${name} where ${column} = $1`,
      [organization],
    );
    if (rows[0]!.count > 0) counts[name] = rows[0]!.count;
  }
  return counts;
}

describe('suspending', () => {
  it('says until when and why, and leaves an audit entry', async () => {
    const slug = await found();
    const until = inMs(7 * dayMs);
    const { after, audit } = await dartwing.tenancy.suspend(slug, { until }, call);
    expect(after?.status).toMatchObject({
      state: 'suspended',
      suspended_until: until.toISOString(),
      reason: 'unpaid',
    });
    const { items } = await dartwing.audit.query({ organization: after!.id, action: 'suspend' });
    expect(items).toMatchObject([
      { id: audit, actor: 'root', reason: 'unpaid', old: { status: { state: 'active' } } },
    ]);
  });

  it('ends by itself when its time has come, to the millisecond', async () => {
    const slug = await found();
    await dartwing.tenancy.suspend(slug, { until: inMs(1_000) }, call);
    clock.advance(999);
    expect(await stateOf(slug)).toBe('suspended');
    expect((await dartwing.tenancy.list({ state: 'suspended', search: slug })).items).toMatchObject([
      { slug },
    ]);
    clock.advance(1);
    expect(await stateOf(slug)).toBe('active');
    expect((await dartwing.tenancy.list({ state: 'suspended', search: slug })).items).toEqual([]);
    await expect(dartwing.tenancy.restore(slug, call)).rejects.toMatchObject({ code: 'ORGANIZATION_STATE' });
    expect(await dartwing.tenancy.suspend(slug, {}, call)).toMatchObject({
      after: { status: { suspended_until: null } },
    });
  });

  it('returns an inactive organization to being inactive', async () => {
    const slug = await found();
    await dartwing.tenancy.update(slug, { status: 'inactive' });
    await dartwing.tenancy.suspend(slug, {}, call);
    expect(await dartwing.tenancy.restore(slug, call)).toMatchObject({
      after: { status: { state: 'inactive' } },
    });
  });

  it('is refused twice, into the past, and without a reason', async () => {
    const slug = await found();
    await expect(dartwing.tenancy.suspend(slug, { until: clock.now() }, call)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    for (const reason of [undefined, '', ' \n'])
      await expect(dartwing.tenancy.suspend(slug, {}, { reason })).rejects.toMatchObject({
        code: 'REASON_REQUIRED',
      });
    await dartwing.tenancy.suspend(slug, {}, call);
    await expect(dartwing.tenancy.suspend(slug, {}, call)).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
      message: expect.stringContaining('is suspended'),
    });
  });
});

describe('dissolving and restoring', () => {
  it('waits 30 days unless told, and names the way back', async () => {
    const slug = await found('company', { owner: 'ana@life.test' });
    const change = await dartwing.tenancy.dissolve(slug, {}, call);
    expect(change).toMatchObject({
      op: 'delete',
      undo: `dartwing org restore ${slug} --reason "…"`,
      after: { status: { state: 'dissolved', purge_at: inMs(30 * dayMs).toISOString(), members: 1 } },
    });
    expect(await dartwing.tenancy.restore(slug, call)).toMatchObject({
      after: { status: { state: 'active' } },
    });
    const { items } = await dartwing.audit.query({ organization: change.after!.id });
    expect(items.map(({ action }) => action)).toEqual(['restore', 'delete', 'member.create', 'create']);
  });

  it('takes back what it did and no more: whoever was suspended before is suspended again', async () => {
    const slug = await found();
    await dartwing.tenancy.suspend(slug, {}, { reason: 'investigation' });
    await dartwing.tenancy.dissolve(slug, {}, call);
    expect(await dartwing.tenancy.restore(slug, call)).toMatchObject({
      after: { status: { state: 'suspended', reason: 'investigation' } },
    });
    expect(await dartwing.tenancy.restore(slug, call)).toMatchObject({
      after: { status: { state: 'active' } },
    });
  });

  it('makes an inactive one inactive again', async () => {
    const slug = await found();
    await dartwing.tenancy.update(slug, { status: 'inactive' });
    await dartwing.tenancy.dissolve(slug, {}, call);
    expect(await dartwing.tenancy.restore(slug, call)).toMatchObject({
      after: { status: { state: 'inactive' } },
    });
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 3_651])(
    'refuses to wait %d days',
    async (purgeAfterDays) => {
      const slug = await found();
      await expect(dartwing.tenancy.dissolve(slug, { purgeAfterDays }, call)).rejects.toMatchObject({
        code: 'VALIDATION_ERROR',
      });
      expect(await stateOf(slug)).toBe('active');
    },
  );

  it('is refused under legal hold, until that is lifted', async () => {
    const slug = await found('company', { legalHold: true });
    await expect(dartwing.tenancy.dissolve(slug, {}, call)).rejects.toMatchObject({ code: 'LEGAL_HOLD' });
    expect(await stateOf(slug)).toBe('active');
    await dartwing.tenancy.update(slug, { legal_hold: false }, call);
    expect(await dartwing.tenancy.dissolve(slug, {}, call)).toMatchObject({ op: 'delete' });
  });

  it('is refused twice', async () => {
    const slug = await found();
    await dartwing.tenancy.dissolve(slug, {}, call);
    await expect(dartwing.tenancy.dissolve(slug, {}, call)).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
    });
    await expect(dartwing.tenancy.suspend(slug, {}, call)).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
    });
  });

  it('refuses to restore what is active', async () => {
    await expect(dartwing.tenancy.restore(await found(), call)).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
    });
  });

  it('writes nothing in a dry run', async () => {
    const slug = await found();
    expect(await dartwing.tenancy.dissolve(slug, {}, { ...call, dryRun: true })).toMatchObject({
      dry_run: true,
      after: { status: { state: 'dissolved' } },
    });
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ version: 1, status: { state: 'active' } });
  });
});

describe('purging', () => {
  const children: Record<string, Record<string, unknown>> = {
    family: {},
    company: {
      officers: [{ person: 'ana@life.test', title: 'CEO' }],
      members_partners: [{ person: 'ana@life.test', ownership_percent: 100 }],
    },
    nonprofit: { board_members: [{ person: 'ana@life.test', title: 'Chair' }] },
    association: { membership_tiers: [{ tier_name: 'Adult' }] },
  };

  it.each(Object.entries(children))(
    'T-O6 takes every row of a %s along, leaves its trail, and touches no neighbour',
    async (type, concrete) => {
      const neighbour = await found(type, { owner: 'ana@life.test' });
      await dartwing.tenancy.update(neighbour, { concrete });
      const slug = await found(type, { owner: 'ana@life.test' });
      await dartwing.tenancy.update(slug, { concrete });
      const { id: beside } = await dartwing.tenancy.show(neighbour);
      const { id } = await dartwing.tenancy.show(slug);
      const untouched = await rowsOf(beside);
      expect(await rowsOf(id)).toEqual(untouched);

      await dartwing.tenancy.dissolve(slug, {}, call);
      const change = await dartwing.tenancy.purge(slug, call);
      expect(change).toMatchObject({ op: 'delete', before: { slug }, after: null });
      expect(change.warnings).toBeUndefined();
      expect(await rowsOf(id)).toEqual({});
      expect(await rowsOf(beside)).toEqual(untouched);
      await expect(dartwing.tenancy.show(slug)).rejects.toMatchObject({ code: 'ORGANIZATION_NOT_FOUND' });
      const { items } = await dartwing.audit.query({ organization: id });
      expect(items[0]).toMatchObject({ action: 'purge', reason: 'unpaid', old: { slug }, new: null });
    },
  );

  it('T-O6 warns of a concrete record that is missing and goes on', async () => {
    const slug = await found();
    const { id } = await dartwing.tenancy.show(slug);
    await dartwing.tenancy.dissolve(slug, {}, call);
    await database.admin.query('delete from company where organization = $1', [id]);
    expect(await dartwing.tenancy.purge(slug, call)).toMatchObject({
      warnings: ['The Company record was already missing'],
    });
    expect(await rowsOf(id)).toEqual({});
  });

  it('T-O6 leaves the person, who may belong to others', async () => {
    const slug = await found('family', { owner: 'stays@life.test' });
    await dartwing.tenancy.dissolve(slug, {}, call);
    await dartwing.tenancy.purge(slug, call);
    const { rows } = await database.admin.query("select from person where primary_email = 'stays@life.test'");
    expect(rows).toHaveLength(1);
  });

  it('is refused before it is dissolved, under legal hold, and while somebody depends on it', async () => {
    const slug = await found('family');
    const { id } = await dartwing.tenancy.show(slug);
    await expect(dartwing.tenancy.purge(slug, call)).rejects.toMatchObject({ code: 'ORGANIZATION_STATE' });
    await dartwing.tenancy.dissolve(slug, {}, call);
    await database.admin.query('update organization set legal_hold = true where id = $1', [id]);
    await expect(dartwing.tenancy.purge(slug, call)).rejects.toMatchObject({ code: 'LEGAL_HOLD' });
    await database.admin.query('update organization set legal_hold = false where id = $1', [id]);
    const child = await found('family');
    await database.admin.query('update organization set parent_organization = $1 where slug = $2', [
      id,
      child,
    ]);
    await expect(dartwing.tenancy.purge(slug, call)).rejects.toMatchObject({
      code: 'ORGANIZATION_HAS_DEPENDENTS',
    });
    expect(await rowsOf(id)).toMatchObject({ family: 1, organization: 1 });
  });

  it('lists what is due, oldest first, and nothing under legal hold', async () => {
    clock.advance(400 * dayMs);
    const due = (await dartwing.tenancy.listPurgeable()).length;
    const slugs = [await found(), await found(), await found(), await found()];
    const days = [3, 1, 2, 30];
    for (const [index, slug] of slugs.entries())
      await dartwing.tenancy.dissolve(slug, { purgeAfterDays: days[index] }, call);
    await database.admin.query('update organization set legal_hold = true where slug = $1', [slugs[2]]);
    clock.advance(3 * dayMs);
    expect((await dartwing.tenancy.listPurgeable()).slice(due)).toEqual([slugs[1], slugs[0]]);
  });

  it('gives a slug free, for another organization with another id', async () => {
    const slug = await found('family');
    const { id } = await dartwing.tenancy.show(slug);
    expect(await dartwing.asOrg(slug, async (tx) => tx.organization)).toBe(id);
    await dartwing.tenancy.dissolve(slug, {}, call);
    await expect(dartwing.tenancy.create({ slug, type: 'family' })).rejects.toMatchObject({
      code: 'ORGANIZATION_EXISTS',
    });
    await dartwing.tenancy.purge(slug, call);
    const again = await dartwing.tenancy.create({ slug, type: 'company' });
    expect(again.after?.id).not.toBe(id);
    expect(await dartwing.asOrg(slug, async (tx) => tx.organization)).toBe(again.after?.id);
  });
});

describe('every verb', () => {
  const verbs = {
    suspend: (slug: string, options: object) => dartwing.tenancy.suspend(slug, {}, options),
    restore: (slug: string, options: object) => dartwing.tenancy.restore(slug, options),
    dissolve: (slug: string, options: object) => dartwing.tenancy.dissolve(slug, {}, options),
    purge: (slug: string, options: object) => dartwing.tenancy.purge(slug, options),
  };

  it.each(Object.entries(verbs))(
    '%s wants a reason, an organization and permission, in this order',
    async (_, verb) => {
      const slug = await found();
      const before = await dartwing.tenancy.show(slug);
      await expect(verb('nowhere', {})).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
      await expect(verb('nowhere', person)).rejects.toMatchObject({ code: 'ORGANIZATION_NOT_FOUND' });
      await expect(verb(slug, person)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
      await expect(verb("x' or '1'='1", call)).rejects.toMatchObject({ code: 'ORGANIZATION_NOT_FOUND' });
      await expect(verb('a\0b', call)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
      expect(await dartwing.tenancy.show(slug)).toEqual(before);
    },
  );

  it('refuses persons the list of what may be purged', async () => {
    await expect(dartwing.tenancy.listPurgeable(person)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('keeps one organization whole under 50 mixed verbs at once', async () => {
    const slug = await found('family', { owner: 'mix@life.test' });
    const { id } = await dartwing.tenancy.show(slug);
    const acts = [
      (n: number) => dartwing.tenancy.update(slug, { name: `Name ${n}` }),
      () => dartwing.tenancy.suspend(slug, {}, call),
      () => dartwing.tenancy.restore(slug, call),
      () => dartwing.tenancy.dissolve(slug, {}, call),
      () => dartwing.tenancy.repair(slug),
    ];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => acts[n % acts.length]!(n)),
    );
    const codes = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [],
    );
    expect(new Set(codes)).toEqual(new Set(['ORGANIZATION_STATE']));
    const changed = outcomes.filter((outcome) => outcome.status === 'fulfilled').length - 10;

    const document = await dartwing.tenancy.show(slug);
    expect(document.version).toBe(changed + 1);
    expect(await dartwing.tenancy.verify(slug)).toMatchObject({ ok: true, findings: [] });
    const { items } = await dartwing.audit.query({ organization: id, limit: 500 });
    const chain = items.filter(({ action }) => !action.startsWith('member.')).reverse();
    expect(chain).toHaveLength(changed + 1);
    // Nothing came between: each act began where the one before it ended.
    for (const [index, { old }] of chain.entries()) if (index > 0) expect(old).toEqual(chain[index - 1]!.new);
    expect(chain.at(-1)!.new).toEqual(document);
    const { rows } = await database.admin.query(
      'select organization_name from org_member where organization = $1',
      [id],
    );
    expect(rows).toEqual([{ organization_name: document.name }]);
  });
});
