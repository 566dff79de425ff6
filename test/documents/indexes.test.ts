/** Declared indexes: what a doctype says it is looked up by, lists find without reading everything. */
import { beforeAll, describe, expect, test } from 'vitest';
import { listDocuments } from '../../src/core/documents/list.js';
import { openRegistry, type Registry } from '../../src/core/documents/registry.js';
import { type Dartwing, findUnbuiltIndexes, type Tx } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;
let registry: Registry;
let acme: string;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing());
  registry = openRegistry();
  const { after } = await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  acme = after!.id;
  await database.admin.query(
    `insert into document (organization, doctype, name, version, data, created_at, created_by, modified_at, modified_by)
     select $1, 'Task', 'task-' || n, 1, jsonb_build_object('title', 'T' || n, 'status', case when n % 100 = 0 then 'Done' else 'Open' end,
       'due_date', ('2026-01-01'::date + n)::text), now(), 'test', now(), 'test' from generate_series(1, 4000) n`,
    [acme],
  );
  await database.admin.query('analyze document');
});

type Input = Parameters<typeof listDocuments>[3];

/** The plan of a list as the runtime role would carry it out, under row security. */
async function planOf(doctype: string, input: Input): Promise<string> {
  const plans: string[] = [];
  await dartwing.asOrg(acme, async (tx) => {
    const explained: Tx = {
      ...tx,
      run: async (composed) => {
        const { sql, parameters } = composed.compile();
        const { rows } = await tx.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, parameters as unknown[]);
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return tx.run(composed);
      },
    };
    const scope = {
      tx: explained,
      principal: { type: 'service', id: 'test' },
      via: 'library',
      requestId: 'r',
    };
    await listDocuments(scope as never, registry, doctype, input);
  });
  return plans[0]!;
}

describe('an index that a doctype declares', () => {
  test('is used by filters of lists, under row security and behind the organization', async () => {
    const plan = await planOf('Task', { filters: { status: 'Done' } });
    expect(plan).toMatch(/document_key\d/);
    expect(plan).toMatch(
      /Index Cond: \(\(organization = [^\n]* AND \(doctype = 'Task'::text\) AND \(key\d = 'Done'::text\)\)/,
    );
    const { total_count: done } = await dartwing.documents.list(acme, 'Task', {
      filters: { status: 'Done' },
    });
    expect(done).toBe(40);
  });

  test('finds days in their order, lists of values, and nothing where nothing is', async () => {
    const filters = [['due_date', 'between', ['2026-02-01', '2026-02-10']]] as const;
    expect(await planOf('Task', { filters })).toMatch(/key\d >= '2026-02-01'::text/);
    const list = (given: NonNullable<Input>['filters']) =>
      dartwing.documents.list(acme, 'Task', { filters: given, limit: 1 });
    expect((await list(filters)).total_count).toBe(10);
    expect((await list([['status', 'in', ['Done', 'Cancelled']]])).total_count).toBe(40);
    expect((await list([['status', 'in', []]])).total_count).toBe(0);
    expect((await list([['due_date', '<', '2026-01-03']])).total_count).toBe(1);
    await expect(list([['due_date', '=', 'soon']])).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  test('follows updates, deletions and their taking back', async () => {
    const { documents } = dartwing;
    const count = async () =>
      (await documents.list(acme, 'Task', { filters: { status: 'Done' }, limit: 1 })).total_count;
    await documents.update(acme, 'Task', 'task-1', { status: 'Done' });
    expect(await count()).toBe(41);
    await documents.delete(acme, 'Task', 'task-1');
    expect(await count()).toBe(40);
    await documents.undelete(acme, 'Task', 'task-1');
    expect(await count()).toBe(41);
  });

  test('comes with a newer version of a doctype, also for documents that are there', async () => {
    const definition = {
      doctype: 'Parcel',
      module: 'post',
      naming: { rule: 'client' as const },
      permissions: { member: { allow: ['read' as const] } },
      fields: [
        { name: 'code', type: 'Data' as const },
        { name: 'grams', type: 'Int' as const },
        { name: 'secret', type: 'Data' as const, sealed: true },
      ],
    };
    const { documents } = dartwing;
    documents.doctypes.register(definition);
    for (let n = 0; n < 3; n++)
      await documents.create(acme, 'Parcel', { name: `p${n}`, data: { code: `c${n}`, grams: n } });
    const next = { ...definition, version: 2, indexes: ['code', 'grams', 'secret'] };
    documents.doctypes.register(next);
    registry.register(next);
    const find = async (filters: NonNullable<Input>['filters']) =>
      (await documents.list(acme, 'Parcel', { filters })).items.map(({ name }) => name);
    // Before it is built lists read the documents themselves.
    expect(await find({ code: 'c1' })).toEqual(['p1']);
    expect(await findUnbuiltIndexes(testOptions(database, { doctypes: [next] }))).toEqual([
      'Parcel.code',
      'Parcel.grams',
    ]);
    expect(await planOf('Parcel', { filters: { code: 'c1' } })).not.toMatch(/key\d = /);

    const [one, two] = await Promise.all([
      documents.doctypes.buildIndexes(),
      documents.doctypes.buildIndexes(),
    ]);
    expect(new Set([...one.built, ...two.built])).toEqual(new Set(['Parcel.code', 'Parcel.grams']));
    expect((await documents.doctypes.buildIndexes()).built).toEqual([]);
    await documents.create(acme, 'Parcel', { name: 'p9', data: { code: 'c1', grams: 7 } });
    expect(await planOf('Parcel', { filters: { code: 'c1' } })).toMatch(/key\d = 'c1'/);
    expect(await find({ code: 'c1' })).toEqual(['p1', 'p9']);
    expect(await find({ grams: 2 })).toEqual(['p2']);
    expect(await find([['grams', '>', 1]])).toEqual(['p2', 'p9']);
    expect(await findUnbuiltIndexes(testOptions(database, { doctypes: [next] }))).toEqual([]);
  });

  test('cannot be declared or marked by the role of tenants', async () => {
    const declare = dartwing.asOrg(acme, (tx) =>
      tx.query("select * from document_index_declare('Task', array['title'])"),
    );
    await expect(declare).rejects.toThrow();
    const mark = dartwing.asOrg(acme, (tx) => tx.query('update document_index set ready = true'));
    await expect(mark).rejects.toThrow();
  });
});
