import { beforeAll, describe, expect, test } from 'vitest';
import { openTestDartwing } from '../support/database.js';

const { database, dartwing, clock } = await openTestDartwing({
  doctypes: [
    {
      doctype: 'Chart',
      naming: { rule: 'client' },
      subject: ['patient'],
      fields: [
        { name: 'patient', type: 'Link', options: 'Person' },
        { name: 'finding', type: 'Text', phi: true },
        { name: 'remark', type: 'Text' },
      ],
    },
  ],
});
const { documents, privacy, people, tenancy, sync } = dartwing;
const because = { reason: 'asked for on 23 November' };
const day = 86_400_000;
let [mara, otto, acme] = ['', '', ''];

const create = (name: string, patient: string, org = 'acme') =>
  documents.create(org, 'Chart', {
    name,
    data: { patient, finding: `finding of ${name}`, remark: `remark ${name}` },
  });
const push = (op: string, name: string, data: object, base_version: number) =>
  sync.push('acme', {
    device: 'tablet',
    operations: [{ id: `${op}-${name}`, op, doctype: 'Chart', name, base_version, data }],
  } as never);
const refused = { code: 'PROCESSING_RESTRICTED' };

beforeAll(async () => {
  for (const slug of ['acme', 'bolt'])
    await tenancy.create({ slug, type: 'company', owner: `owner@${slug}.test` });
  const ids: string[] = [];
  for (const name of ['Mara', 'Otto']) {
    const { after } = await people.person.create({
      primary_email: `${name}@acme.test`,
      first_name: name,
      last_name: 'Lo',
      source: 'import',
    });
    ids.push(after!.id);
    for (const slug of ['acme', 'bolt']) await people.member.add(slug, after!.id, 'Employee');
  }
  [mara, otto] = ids as [string, string];
  acme = (await tenancy.show('acme')).id;
});

describe('while processing is restricted for a person', () => {
  test('documents about that person are kept as they are, and those of others change', async () => {
    await create('c1', mara);
    await create('c2', otto);
    await expect(privacy.restriction.set('acme', mara)).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
    expect((await privacy.restriction.set('acme', 'mara@acme.test', because)).op).toBe('create');
    expect((await privacy.restriction.set('acme', mara, because)).op).toBe('none');
    await expect(documents.update('acme', 'Chart', 'c1', { remark: 'x' })).rejects.toMatchObject(refused);
    await expect(documents.delete('acme', 'Chart', 'c1')).rejects.toMatchObject(refused);
    await expect(create('c3', mara)).rejects.toMatchObject(refused);
    await expect(documents.update('acme', 'Chart', 'c2', { patient: mara })).rejects.toMatchObject(refused);
    for (const [op, name, data, base] of [
      ['update', 'c1', { remark: 'x' }, 1],
      ['delete', 'c1', {}, 1],
      ['insert', 'c4', { patient: mara }, 0],
      ['update', 'c2', { patient: mara }, 1],
    ] as const) {
      const { results } = await push(op, name, data, base);
      expect(results[0]).toMatchObject({ outcome: 'rejected', error: refused });
    }
    expect((await push('update', 'c2', { remark: 'y' }, 1)).results[0]?.outcome).toBe('applied');
    expect(await documents.show('acme', 'Chart', 'c1')).toMatchObject({
      version: 1,
      data: { remark: 'remark c1' },
    });
    await create('c1', mara, 'bolt');
    await documents.update('bolt', 'Chart', 'c1', { remark: 'free' });
  });

  test('retention passes them by, and they are the ones that stay', async () => {
    await privacy.retention.set('acme', 'Chart', { keepDays: 30, basis: 'House rule 4' });
    clock.advance(31 * day);
    const planned = await privacy.retention.run('acme', { dryRun: true });
    expect(planned.items).toMatchObject([{ doctype: 'Chart', due: 1, restricted: 1, disposed: 0 }]);
    expect((await documents.show('acme', 'Chart', 'c2')).deleted).toBe(false);
    expect((await privacy.retention.run('acme')).items).toMatchObject([{ due: 1, disposed: 1 }]);
    expect((await privacy.retention.run('acme')).items).toMatchObject([
      { due: 0, restricted: 1, disposed: 0 },
    ]);
    await expect(documents.show('acme', 'Chart', 'c2')).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' });
    expect((await documents.show('bolt', 'Chart', 'c1')).version).toBe(2);
  });

  test('the record of the person is changed by that person alone, and neither deleted, merged nor erased', async () => {
    const { person } = people;
    await expect(person.update(mara, { last_name: 'Other' })).rejects.toMatchObject(refused);
    expect((await person.update(mara, { last_name: 'Lo' })).op).toBe('none');
    const herself = { principal: { type: 'person', id: mara } as const };
    expect((await person.update(mara, { mobile_no: '+12025550147' }, herself)).op).toBe('update');
    await expect(person.delete(mara)).rejects.toMatchObject(refused);
    await expect(person.merge(otto, mara, undefined, because)).rejects.toMatchObject(refused);
    await expect(person.merge(mara, otto, undefined, because)).rejects.toMatchObject(refused);
    await expect(privacy.erase(mara, because)).rejects.toMatchObject(refused);
    expect((await person.update(otto, { last_name: 'Ma' })).op).toBe('update');
    expect(await person.show(mara)).toMatchObject({ last_name: 'Lo', status: { state: 'active' } });
  });

  test('and afterwards they change again', async () => {
    await expect(privacy.restriction.lift('bolt', mara, because)).rejects.toMatchObject({
      code: 'RESTRICTION_NOT_FOUND',
    });
    await privacy.restriction.lift('acme', mara, because);
    expect((await documents.update('acme', 'Chart', 'c1', { remark: 'corrected' })).op).toBe('update');
  });
});

describe('a rule on retention', () => {
  test('empties what is due in every version and every table, tells devices, and leaves the chain valid', async () => {
    const { rows } = await database.admin.query<{
      text: string;
    }>(`select d::text as text from document d where name = 'c2'
      union all select c::text from document_change c where name = 'c2' union all select k::text from document_key k where name = 'c2'`);
    expect(rows).toHaveLength(4);
    for (const { text } of rows) expect(text).not.toMatch(/remark c2|finding|\$sealed/);
    const { rows: feed } = await sync.feed('acme', { doctype: ['Chart'], tombstones: true } as never);
    expect(feed.find(({ name }) => name === 'c2')?.deleted ?? true).toBe(true);
    await dartwing.audit.sequence();
    const { items } = await dartwing.audit.query({ organization: acme, action: 'retention.dispose' });
    expect(items.map((entry) => (entry as { new?: unknown }).new)).toEqual([
      { doctype: 'Chart', documents: ['c2'] },
    ]);
    expect((await dartwing.audit.verify({})).ok).toBe(true);
  });

  test('waits while the organization is under legal hold', async () => {
    clock.advance(31 * day);
    await tenancy.update('acme', { legal_hold: true }, because);
    expect(await privacy.retention.run('acme')).toMatchObject({
      held: true,
      items: [{ due: 1, disposed: 0 }],
    });
    await tenancy.update('acme', { legal_hold: false }, because);
    expect(await privacy.retention.runAll()).toMatchObject({ organizations: 1, disposed: 1, refused: [] });
  });

  test('is not shorter than a framework in force wants, and is of doctypes that are written', async () => {
    const set = (doctype: string, keepDays: number, basis = 'test') =>
      privacy.retention.set('acme', doctype, { keepDays, basis });
    expect((await set('Chart', 30, 'House rule 4')).op).toBe('none');
    await database.admin.query(`insert into compliance_policy (organization, version, frameworks, settings, exceptions, hash, reason, created_at, created_by)
      select id, 1, '{}', '{"retention_days": 100}', '{}', 'x', 'x', now(), 'test' from organization where slug = 'acme'`);
    await expect(set('Chart', 99)).rejects.toMatchObject({ code: 'RETENTION_TOO_SHORT' });
    expect((await set('Chart', 100)).op).toBe('update');
    await expect(set('Nothing', 100)).rejects.toMatchObject({ code: 'DOCTYPE_UNKNOWN' });
    await expect(set('Equipment', 100)).rejects.toMatchObject({ code: 'DOCUMENT_READ_ONLY' });
    for (const days of [0, 1.5, 1e6, Number.NaN])
      await expect(set('Chart', days)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    expect((await privacy.retention.list('acme')).items).toMatchObject([
      { doctype: 'Chart', keep_days: 100 },
    ]);
    expect((await privacy.retention.list('bolt')).items).toEqual([]);
    expect((await privacy.retention.remove('acme', 'Chart')).op).toBe('delete');
    await expect(privacy.retention.remove('acme', 'Chart')).rejects.toMatchObject({
      code: 'RETENTION_RULE_NOT_FOUND',
    });
  });

  test('is for whoever administers the organization', async () => {
    const call = { principal: { type: 'person' as const, id: otto }, via: 'http' as const };
    await expect(
      privacy.retention.set('acme', 'Chart', { keepDays: 1, basis: 'mine' }, call),
    ).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(privacy.retention.run('acme', call)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(privacy.restriction.set('acme', mara, { ...call, ...because })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });
});
