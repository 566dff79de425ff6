import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Dartwing, Report } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing());
});

let made = 0;
let slug: string;
let id: string;
let linked: string;

beforeEach(async () => {
  ({ slug, id, linked } = await found());
});

async function found(type = 'company') {
  const name = `whole-${++made}`;
  const { after } = await dartwing.tenancy.create({ slug: name, type, owner: `o${made}@whole.test` });
  return { slug: name, id: after!.id, linked: after!.status.linked_name! };
}

const sabotage = (sql: string, ...values: unknown[]) => database.admin.query(sql, values);
const companiesOf = async (organization: string) =>
  (await sabotage('select name from company where organization = $1', organization)).rows.map(
    ({ name }) => name as string,
  );
const ids = ({ findings }: Report) => findings.map((finding) => finding.id);

/** Each way in which an organization can be broken, and what heals it. */
const faults = {
  'organization.unlinked': () =>
    sabotage('update organization set linked_doctype = null, linked_name = null where id = $1', id),
  'organization.concrete_missing': () => sabotage('delete from company where organization = $1', id),
  'organization.link_differs': () =>
    sabotage("update organization set linked_name = 'CO-99999' where id = $1", id),
  'member.without_grant': () =>
    sabotage("delete from permission_grant where organization = $1 and allow = 'Company'", id),
  'grant.without_member': () =>
    sabotage("update org_member set status = 'inactive' where organization = $1", id),
};

describe('an organization that is whole', () => {
  it('has no finding, and repairing it twice makes no second concrete record (T-O4)', async () => {
    const before = await dartwing.tenancy.show(slug);
    expect(await dartwing.tenancy.verify(slug)).toEqual({
      api_version: 'dartwing/v1',
      kind: 'Report',
      check: 'org.verify',
      ok: true,
      findings: [],
      summary: { pass: 1, warn: 0, fail: 0 },
    });
    for (let turn = 0; turn < 2; turn++) expect((await dartwing.tenancy.repair(slug)).findings).toEqual([]);
    expect(await dartwing.tenancy.show(slug)).toEqual(before);
    expect(await companiesOf(id)).toEqual([linked]);
  });
});

describe.each(Object.keys(faults) as (keyof typeof faults)[])('%s', (fault) => {
  it('T-O10 is found, told in a dry run, healed, and then gone', async () => {
    await faults[fault]();
    const report = await dartwing.tenancy.verify(slug);
    expect(report.ok).toBe(false);
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        id: fault,
        organization: id,
        slug,
        severity: 'fail',
        fix: `dartwing org repair ${slug}`,
      }),
    );
    const { version } = await dartwing.tenancy.show(slug);
    const dry = await dartwing.tenancy.repair(slug, { dryRun: true });
    expect(ids(dry)).toContain(fault);
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ version });
    expect(await dartwing.tenancy.verify(slug)).toEqual(report);

    expect(await dartwing.tenancy.repair(slug)).toMatchObject({ ok: true, findings: dry.findings });
    expect((await dartwing.tenancy.verify(slug)).ok).toBe(true);
    expect((await dartwing.tenancy.repair(slug)).findings).toEqual([]);
    expect(await companiesOf(id)).toHaveLength(1);
    const { items } = await dartwing.audit.query({ organization: id, action: 'repair' });
    expect(items).toHaveLength(dry.findings.length);
  });
});

describe('repairing', () => {
  it('gives a missing record the name under which it was known, and the name of the organization', async () => {
    await faults['organization.concrete_missing']();
    await dartwing.tenancy.repair(slug);
    expect(await companiesOf(id)).toEqual([linked]);
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ company: { legal_name: slug } });
  });

  it('gives a missing record without a name a new one', async () => {
    await faults['organization.unlinked']();
    await faults['organization.concrete_missing']();
    expect(ids(await dartwing.tenancy.verify(slug))).toContain('organization.concrete_missing');
    await dartwing.tenancy.repair(slug);
    const [name] = await companiesOf(id);
    expect(name).toMatch(/^CO-\d{5}$/);
    expect(name).not.toBe(linked);
    expect((await dartwing.tenancy.verify(slug)).ok).toBe(true);
  });

  it('parts two organizations whose links were exchanged', async () => {
    const other = await found();
    await sabotage('update organization set linked_name = null where id = any ($1)', [id, other.id]);
    await sabotage('update organization set linked_name = $2 where id = $1', id, other.linked);
    await sabotage('update organization set linked_name = $2 where id = $1', other.id, linked);
    await dartwing.tenancy.repair();
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ status: { linked_name: linked } });
    expect(await dartwing.tenancy.show(other.slug)).toMatchObject({ status: { linked_name: other.linked } });
    expect((await dartwing.tenancy.verify()).ok).toBe(true);
  });

  it('does not name a new record like that of somebody else', async () => {
    const other = await found();
    await sabotage('update organization set linked_name = null where id = $1', other.id);
    await faults['organization.concrete_missing']();
    await sabotage('update organization set linked_name = $2 where id = $1', id, other.linked);
    await dartwing.tenancy.repair();
    expect(await companiesOf(other.id)).toEqual([other.linked]);
    expect(await companiesOf(id)).not.toEqual([other.linked]);
    expect((await dartwing.tenancy.verify()).ok).toBe(true);
  });

  it('makes one record when many repair at once', async () => {
    await faults['organization.concrete_missing']();
    const reports = await Promise.all(Array.from({ length: 8 }, () => dartwing.tenancy.repair(slug)));
    expect(reports.flatMap(ids)).toEqual(['organization.concrete_missing']);
    expect(await companiesOf(id)).toHaveLength(1);
  });

  it('keeps to the organization that is named', async () => {
    const other = await found();
    await faults['organization.concrete_missing']();
    await sabotage('delete from company where organization = $1', other.id);
    await dartwing.tenancy.repair(slug);
    expect(ids(await dartwing.tenancy.verify(slug))).toEqual([]);
    expect(ids(await dartwing.tenancy.verify(other.slug))).toEqual(['organization.concrete_missing']);
    expect(ids(await dartwing.tenancy.repair())).toEqual(['organization.concrete_missing']);
  });

  it('leaves it to people who supervises', async () => {
    await sabotage('delete from permission_grant where organization = $1', id);
    await sabotage(
      "update org_member set role = 'Employee', status = 'inactive' where organization = $1",
      id,
    );
    const finding = { id: 'organization.no_supervisor', severity: 'warn' };
    expect(await dartwing.tenancy.verify(slug)).toMatchObject({
      ok: true,
      findings: [finding],
      summary: { warn: 1, fail: 0 },
    });
    expect((await dartwing.tenancy.repair(slug)).findings).toEqual([]);
    expect((await dartwing.tenancy.verify(slug)).findings).toMatchObject([finding]);
    await dartwing.tenancy.dissolve(slug, {}, { reason: 'nobody is left' });
  });

  it('moves grants along with a link that it corrects', async () => {
    await sabotage("update organization set linked_name = 'CO-88888' where id = $1", id);
    await sabotage(
      "update permission_grant set for_value = 'CO-88888' where organization = $1 and allow = 'Company'",
      id,
    );
    await dartwing.tenancy.repair(slug);
    const { rows } = await sabotage(
      "select for_value from permission_grant where organization = $1 and allow = 'Company'",
      id,
    );
    expect(rows).toEqual([{ for_value: linked }]);
  });

  it.each(['family', 'nonprofit', 'association'])('heals a %s too', async (type) => {
    const other = await found(type);
    await sabotage(`delete from ${type} where organization = $1`, other.id);
    await dartwing.tenancy.repair(other.slug);
    expect((await dartwing.tenancy.verify(other.slug)).ok).toBe(true);
  });

  it('is for operators, of organizations that exist', async () => {
    const person = { principal: { type: 'person', id: 'PERSON-2026-99999' } } as const;
    for (const verb of ['verify', 'repair'] as const) {
      await expect(dartwing.tenancy[verb](slug, person)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
      await expect(dartwing.tenancy[verb]('nowhere')).rejects.toMatchObject({
        code: 'ORGANIZATION_NOT_FOUND',
      });
    }
  });
});
