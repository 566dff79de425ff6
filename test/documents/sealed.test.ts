import { beforeAll, expect, test } from 'vitest';
import { isSealedValue, openValue, sealValue } from '../../src/core/documents/field-seal.js';
import { openTestDartwing } from '../support/database.js';

const patient = {
  doctype: 'Patient',
  naming: { rule: 'client' as const },
  fields: [
    { name: 'ward', type: 'Data' as const },
    { name: 'diagnosis', type: 'Text' as const, phi: true },
    { name: 'mrn', type: 'Data' as const, phi: true, lookup: true },
    { name: 'weight', type: 'Float' as const, phi: true },
    { name: 'nickname', type: 'Data' as const, sealed: true },
    { name: 'visits', type: 'Table' as const, fields: [{ name: 'note', type: 'Data' as const, phi: true }] },
  ],
  conflicts: { strategy: 'manual_resolve' },
};
const { database, dartwing } = await openTestDartwing({ doctypes: [patient] });
const { documents, sync, tenancy } = dartwing;
const words = ['measles', 'mumps', 'mrn-0471', 'itches', 'Flash'];
const data = {
  ward: '4',
  diagnosis: 'measles',
  mrn: 'mrn-0471',
  weight: 71.5,
  nickname: 'Flash',
  visits: [{ name: 'v1', note: 'itches' }],
};

/** Every row of every table but kept answers, as text. */
async function dump(): Promise<string> {
  const { rows: tables } = await database.admin.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'dartwing'::regnamespace and relkind in ('r', 'p') and not relispartition",
  );
  const lines: string[] = [];
  for (const { name } of tables) {
    const { rows } = await database.admin.query<{ text: string }>(`select t::text as text from ${name} t`);
    for (const { text } of rows)
      lines.push(
        `${name}: ${text.replace(/\\+x([0-9a-f]+)/g, (_, hex) => Buffer.from(hex, 'hex').toString('latin1'))}`,
      );
  }
  return lines.join('\n');
}
const push = (name: string, base_version: number, changes: object, id: string) =>
  sync.push('acme', {
    device: 'tablet',
    operations: [{ id, op: 'update', doctype: 'Patient', name, base_version, data: changes }],
  } as never);
const stored = async (name: string) =>
  (await database.admin.query('select data from document where name = $1', [name])).rows[0]?.data;

beforeAll(async () => {
  for (const slug of ['acme', 'bolt'])
    await tenancy.create({ slug, type: 'company', owner: `owner@${slug}.test` });
  await documents.create('acme', 'Patient', { name: 'p1', data });
});

test('a value opens in its own field and document only, and equal values are equal', () => {
  const key = Buffer.alloc(32, 7);
  const place = { organization: 'ORG-1', doctype: 'Patient', name: 'p1', path: ['diagnosis'] };
  const sealed = sealValue(key, place, 'flu');
  expect(sealValue(key, place, 'flu')).toEqual(sealed);
  expect(sealValue(key, place, 'flue')).not.toEqual(sealed);
  expect(openValue(key, place, sealed)).toEqual({ value: 'flu' });
  for (const other of [{ name: 'p2' }, { organization: 'ORG-2' }, { doctype: 'P' }, { path: ['mrn'] }])
    expect(openValue(key, { ...place, ...other }, sealed)).toBeUndefined();
  expect(openValue(Buffer.alloc(32, 8), place, sealed)).toBeUndefined();
  const bytes = Buffer.from(sealed.$sealed, 'base64url');
  for (const at of [0, 5, 20, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    expect(openValue(key, place, { $sealed: changed.toString('base64url') })).toBeUndefined();
  }
});

test('nothing of a sealed field is readable in any table, and everybody who may is shown it', async () => {
  await documents.update('acme', 'Patient', 'p1', { diagnosis: 'mumps' });
  // A device that edited the first version: the conflict keeps every side.
  const { results } = await push('p1', 1, { diagnosis: 'measles and mumps' }, 'op-1');
  expect(results[0]?.outcome).toBe('conflict');
  const [conflict] = (await sync.conflicts.list('acme', { state: 'all' })).items;
  expect(conflict).toMatchObject({
    base: { diagnosis: 'measles', mrn: 'mrn-0471' },
    server: { diagnosis: 'mumps' },
    client: { diagnosis: 'measles and mumps' },
  });
  expect(JSON.stringify(conflict?.decisions)).toContain('measles and mumps');
  await sync.conflicts.resolve('acme', conflict!.id, { take: 'client' });
  const text = await dump();
  for (const word of words) expect(text.split('\n').filter((line) => line.includes(word))).toEqual([]);
  expect(await stored('p1')).toMatchObject({ ward: '4', diagnosis: { $sealed: expect.any(String) } });
  expect((await documents.show('acme', 'Patient', 'p1')).data).toEqual({
    ...data,
    diagnosis: 'measles and mumps',
  });
  const versions = await documents.versions('acme', 'Patient', 'p1');
  expect(versions.items.map((version) => version.data?.diagnosis)).toEqual([
    'measles and mumps',
    'mumps',
    'measles',
  ]);
  const feed = await sync.feed('acme', { doctype: ['Patient'] });
  expect(feed.rows[0]?.data).toEqual({ ...data, diagnosis: 'measles and mumps' });
  expect((await documents.list('acme', 'Patient')).items[0]?.data.weight).toBe(71.5);
  const exported: unknown[] = [];
  await dartwing.export.organization('acme', (row) => void exported.push(row), {});
  expect(JSON.stringify(exported)).toContain('mrn-0471');
  expect(JSON.stringify(exported)).not.toContain('$sealed');
});

test('what is written again as it was changes nothing, online and offline', async () => {
  const { version } = await documents.show('acme', 'Patient', 'p1');
  expect((await documents.update('acme', 'Patient', 'p1', { mrn: 'mrn-0471' })).op).toBe('none');
  const { results } = await push('p1', version, { mrn: 'mrn-0471', ward: '4' }, 'op-2');
  expect(results[0]).toMatchObject({ outcome: 'unchanged', version });
});

test('a lookup finds equal values in its own organization, and nothing else is searched', async () => {
  await documents.create('acme', 'Patient', { name: 'p2', data: { ...data, mrn: 'mrn-2' } });
  await documents.create('bolt', 'Patient', { name: 'p9', data });
  const find = async (org: string, ...filter: [string, unknown]) =>
    (await documents.list(org, 'Patient', { filters: [['mrn', ...filter]] as never })).items.map(
      ({ name }) => name,
    );
  expect(await find('acme', '=', 'mrn-0471')).toEqual(['p1']);
  expect(await find('bolt', '=', 'mrn-0471')).toEqual(['p9']);
  expect(await find('acme', 'in', ['mrn-2', 'mrn-0471', 'mrn-3'])).toEqual(['p1', 'p2']);
  await documents.update('acme', 'Patient', 'p2', { mrn: 'mrn-3' });
  expect([await find('acme', '=', 'mrn-2'), await find('acme', '=', 'mrn-3')]).toEqual([[], ['p2']]);
  await documents.update('acme', 'Patient', 'p2', { mrn: null });
  expect([await find('acme', '=', 'mrn-3'), await find('acme', 'is', 'not set')]).toEqual([[], ['p2']]);
  await documents.delete('acme', 'Patient', 'p2');
  await documents.undelete('acme', 'Patient', 'p2');
  expect((await documents.show('acme', 'Patient', 'p2')).data).toMatchObject({
    diagnosis: 'measles',
    mrn: null,
  });
  for (const input of [
    { filters: [['mrn', 'like', 'mrn%']] },
    { filters: [['diagnosis', '=', 'measles']] },
    { order_by: 'mrn' },
  ])
    await expect(documents.list('acme', 'Patient', input as never)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
  const { rows } = await database.admin.query('select digest from document_lookup');
  expect(new Set(rows.map(({ digest }) => digest.toString('hex'))).size).toBe(rows.length);
});

test('a value that was moved to another document, or changed, is told and not shown', async () => {
  await documents.create('acme', 'Patient', { name: 'p3', data: { diagnosis: 'fever' } });
  await database.admin.query(
    "update document set data = data || jsonb_build_object('diagnosis', (select data -> 'diagnosis' from document where name = 'p1')) where name = 'p3'",
  );
  await expect(documents.show('acme', 'Patient', 'p3')).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  await database.admin.query("delete from document where name = 'p3'");
});

test('the next data key seals the keys of documents anew, and they go on opening', async () => {
  const before = await stored('p1');
  const { done } = await dartwing.keys.rotate({ organization: 'acme', purpose: 'document', reseal: true }, {
    reason: 'test',
  } as never);
  expect(done[0]).toMatchObject({ state: 'done' });
  expect(done[0]!.resealed).toBeGreaterThan(2);
  expect(await stored('p1')).toEqual(before);
  expect((await documents.show('acme', 'Patient', 'p1')).data.mrn).toBe('mrn-0471');
  expect((await documents.list('acme', 'Patient', { filters: { mrn: 'mrn-0471' } })).total_count).toBe(1);
});

test('what was written before its field was sealed opens, is counted, and is sealed in place', async () => {
  await database.admin.query(`update document set data = '{"diagnosis": "old cough", "mrn": "mrn-old", "visits": [{"name": "1", "note": "sneezes"}]}'
    where name = 'p9'`);
  expect((await documents.show('bolt', 'Patient', 'p9')).data.diagnosis).toBe('old cough');
  expect(await documents.seal('bolt')).toBe(1);
  expect(await documents.seal('bolt')).toBe(0);
  const { diagnosis, visits } = await stored('p9');
  expect([isSealedValue(diagnosis), isSealedValue(visits[0].note)]).toEqual([true, true]);
  expect((await documents.show('bolt', 'Patient', 'p9')).data).toMatchObject({
    diagnosis: 'old cough',
    visits: [{ name: '1', note: 'sneezes' }],
  });
  expect((await documents.list('bolt', 'Patient', { filters: { mrn: 'mrn-old' } })).total_count).toBe(1);
});

test('without the key of a document its values are gone, wherever a copy of them is', async () => {
  await documents.create('bolt', 'Patient', { name: 'p5', data });
  await database.admin.query("delete from document_key where name = 'p5'");
  await expect(documents.show('bolt', 'Patient', 'p5')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
  await expect(documents.versions('bolt', 'Patient', 'p5')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
});

test.each([
  ['a link', { name: 'a', type: 'Link', options: 'Person', sealed: true }],
  ['health information in the open', { name: 'a', type: 'Data', phi: true, sealed: false }],
  ['a lookup of what is not sealed', { name: 'a', type: 'Data', lookup: true }],
  ['a lookup of a long text', { name: 'a', type: 'Text', phi: true, lookup: true }],
])('%s is no field of a doctype', (_, field) => {
  expect(() =>
    documents.doctypes.register({ doctype: 'Wrong', naming: { rule: 'client' }, fields: [field] } as never),
  ).toThrowError(expect.objectContaining({ code: 'DOCTYPE_INVALID' }));
});
