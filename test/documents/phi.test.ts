import { beforeAll, expect, test } from 'vitest';
import type { CallOptions } from '../../src/core/index.js';
import { openTestDartwing } from '../support/database.js';

const { database, dartwing } = await openTestDartwing({
  doctypes: [
    {
      doctype: 'Patient',
      naming: { rule: 'client' },
      fields: [
        { name: 'ward', type: 'Data' },
        { name: 'diagnosis', type: 'Data', phi: true },
        { name: 'ssn', type: 'Data', phi: true, mask: 'last4', lookup: true },
        { name: 'visits', type: 'Table', fields: [{ name: 'note', type: 'Data', phi: true }] },
      ],
      permissions: {
        supervisor: { allow: ['read', 'write', 'create', 'delete'] },
        member: { allow: ['read'] },
      },
    },
  ],
});
const { documents, sync } = dartwing;
let nurse: CallOptions;

beforeAll(async () => {
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  await dartwing.tenancy.create({ slug: 'bolt', type: 'company', owner: 'bo@bolt.test' });
  await dartwing.people.person.create({
    primary_email: 'nina@acme.test',
    first_name: 'Nina',
    last_name: 'Lo',
    source: 'import',
  });
  const { after } = await dartwing.people.member.add('acme', 'nina@acme.test', 'Employee');
  nurse = { principal: { type: 'person', id: after!.person }, via: 'http' };
  for (const [name, diagnosis] of [
    ['p1', 'flu'],
    ['p2', 'measles'],
    ['p3', null],
  ] as const)
    await documents.create('acme', 'Patient', {
      name,
      data: { ward: '4', diagnosis, ssn: diagnosis && '123-45-6789' },
    });
});

interface Read {
  ref: { doctype: string; name: string };
  fields: string[];
  actor: { id: string };
  is_phi: boolean;
  org: string;
  new?: unknown;
}

/** Entries that some work left. */
async function readsOf(work: () => Promise<unknown>): Promise<Read[]> {
  await database.admin.query('delete from audit_stage');
  await work();
  const { rows } = await database.admin.query<{ entry: Read & { action: string } }>(
    "select convert_from(body, 'UTF8')::jsonb as entry from audit_stage order by 1",
  );
  return rows.map(({ entry }) => entry).filter(({ action }) => action === 'phi.read');
}
const namesOf = (reads: Read[]) => reads.map(({ ref }) => ref.name).sort();

test('T-C2 reading a document with health information leaves an entry with the fields; one without leaves none', async () => {
  const [read, ...more] = await readsOf(() => documents.show('acme', 'Patient', 'p1', nurse));
  expect(more).toEqual([]);
  expect(read).toMatchObject({
    ref: { doctype: 'Patient', name: 'p1' },
    fields: ['diagnosis', 'ssn'],
    is_phi: true,
    actor: { id: nurse.principal!.id },
  });
  expect(JSON.stringify(read)).not.toMatch(/flu|6789/);
  expect(await readsOf(() => documents.show('acme', 'Patient', 'p3', nurse))).toEqual([]);
});

test('T-C2 so does every other way out: lists, versions, feed, push, changes', async () => {
  expect(namesOf(await readsOf(() => documents.list('acme', 'Patient', {}, nurse)))).toEqual(['p1', 'p2']);
  expect(
    namesOf(await readsOf(() => documents.list('acme', 'Patient', { fields: ['ward'] }, nurse))),
  ).toEqual([]);
  expect(namesOf(await readsOf(() => documents.versions('acme', 'Patient', 'p2', {}, nurse)))).toEqual([
    'p2',
  ]);
  expect(namesOf(await readsOf(() => sync.feed('acme', { doctype: ['Patient'] }, nurse)))).toEqual([
    'p1',
    'p2',
  ]);
  expect(namesOf(await readsOf(() => documents.update('acme', 'Patient', 'p1', { ward: '5' })))).toEqual([
    'p1',
  ]);
  const pushed = await readsOf(() =>
    sync.push('acme', {
      device: 'tablet',
      operations: [
        { id: 'op-0001', op: 'update', doctype: 'Patient', name: 'p2', base_version: 1, data: { ward: '6' } },
      ],
    } as never),
  );
  expect(namesOf(pushed)).toEqual(['p2']);
});

test('a table that holds health information is told by its column', async () => {
  await documents.create('acme', 'Patient', {
    name: 'p4',
    data: { visits: [{ name: 'v1', note: 'cough' }] },
  });
  const [read] = await readsOf(() => documents.show('acme', 'Patient', 'p4'));
  expect(read?.fields).toEqual(['visits.note']);
});

test('an export says which doctypes with health information it holds', async () => {
  await database.admin.query('delete from audit_stage');
  await dartwing.export.organization('acme', () => {}, { entities: ['document'] });
  const { rows } = await database.admin.query(
    "select convert_from(body, 'UTF8')::jsonb as entry from audit_stage",
  );
  expect(rows.map(({ entry }) => entry).find(({ action }) => action === 'export')).toMatchObject({
    is_phi: true,
    new: { phi_doctypes: ['Patient'] },
  });
});

test('where no entry can be written nothing is read', async () => {
  await database.admin.query(
    "create function no_stage() returns trigger language plpgsql as 'begin raise exception ''full''; end'",
  );
  await database.admin.query(
    'create trigger no_stage before insert on audit_stage for each row execute function no_stage()',
  );
  await expect(documents.show('acme', 'Patient', 'p1', nurse)).rejects.toThrow();
  await expect(documents.show('acme', 'Patient', 'p3', nurse)).resolves.toMatchObject({
    data: { ward: '4' },
  });
  await database.admin.query('drop trigger no_stage on audit_stage');
});

test('a rehearsal shows no health information, since its entry would be rolled back', async () => {
  const { after } = await documents.update('acme', 'Patient', 'p1', { ward: '9' }, { dryRun: true });
  expect(after?.data).toMatchObject({ ward: '9', diagnosis: null, ssn: null });
});

test('a masked field shows its end to whoever may only read it, in lists and in the feed, and is not searched', async () => {
  const shown = async (call?: CallOptions) => (await documents.show('acme', 'Patient', 'p1', call)).data.ssn;
  expect([await shown(nurse), await shown()]).toEqual(['••••6789', '123-45-6789']);
  const { rows } = await sync.feed('acme', { doctype: ['Patient'] }, nurse);
  expect(rows.find(({ name }) => name === 'p1')?.data).toMatchObject({ ssn: '••••6789' });
  const search = (call?: CallOptions) =>
    documents.list('acme', 'Patient', { filters: [['ssn', '=', '123-45-6789']] }, call);
  await expect(search(nurse)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  expect((await search()).total_count).toBe(2);
});

test('of a long list the first 200 are told one by one and the rest by their number', async () => {
  await database.admin.query(`insert into document (organization, doctype, name, version, data, created_at, created_by, modified_at, modified_by)
    select o.id, 'Patient', 'many' || n, 1, '{"diagnosis": "x"}', now(), 'test', now(), 'test'
    from organization o, generate_series(1, 300) n where o.slug = 'bolt'`);
  const reads = await readsOf(() => documents.list('bolt', 'Patient', { limit: 300 }));
  expect(reads).toHaveLength(201);
  expect(reads.find(({ ref }) => ref.name === '*')?.new).toMatchObject({ documents: 100 });
  expect(new Set(reads.map(({ org }) => org)).size).toBe(1);
});

test('another organization is shown nothing, and leaves nothing', async () => {
  expect(
    await readsOf(() =>
      documents.show('bolt', 'Patient', 'p1', nurse).catch((error: { code: string }) => error.code),
    ),
  ).toEqual([]);
});
