import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSyncWorld } from '../sync/world.js';

type World = Awaited<ReturnType<typeof openSyncWorld>>;

let world: World;
let org: Awaited<ReturnType<World['found']>>;

beforeAll(async () => {
  world = await openSyncWorld();
});

beforeEach(async () => {
  org = await world.found('ben');
});

const docs = () => world.dartwing.documents;
const task = (data: object, name?: string) =>
  docs().create(org.slug, 'Task', { name, data: { title: 'T', ...data } });

describe('a document', () => {
  it('is created whole, changed by those who saw its version, deleted and brought back', async () => {
    const { after, audit } = await task({ due_date: '2026-12-01' }, 't1');
    expect(after).toMatchObject({
      name: 't1',
      version: 1,
      data: { status: 'Open', due_date: '2026-12-01', notes: null },
    });
    expect(audit).toEqual(expect.any(String));
    const changed = await docs().update(org.slug, 'Task', 't1', { status: 'Done' }, { ifVersion: 1 });
    expect(changed).toMatchObject({
      op: 'update',
      after: { version: 2, data: { status: 'Done', title: 'T' } },
    });
    expect(await docs().update(org.slug, 'Task', 't1', { status: 'Done' })).toMatchObject({
      op: 'none',
      audit: null,
    });
    await expect(
      docs().update(org.slug, 'Task', 't1', { notes: 'x' }, { ifVersion: 1 }),
    ).rejects.toMatchObject({
      code: 'VERSION_MOVED',
    });
    await docs().delete(org.slug, 'Task', 't1');
    await expect(docs().show(org.slug, 'Task', 't1')).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' });
    await expect(task({}, 't1')).rejects.toMatchObject({ code: 'DOCUMENT_EXISTS' });
    const back = await docs().undelete(org.slug, 'Task', 't1');
    expect(back.after).toMatchObject({ version: 4, data: { status: 'Done' } });
    const { items } = await docs().versions(org.slug, 'Task', 't1');
    expect(items.map(({ op, version }) => [op, version])).toEqual([
      ['undelete', 4],
      ['delete', 3],
      ['update', 2],
      ['insert', 1],
    ]);
  });

  it('is changed once by two who saw the same version at once', async () => {
    await task({}, 't1');
    const change = (status: string) => docs().update(org.slug, 'Task', 't1', { status }, { ifVersion: 1 });
    const ends = await Promise.allSettled([change('Done'), change('Working')]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each([
    [{ title: '' }, 'title'],
    [{ title: 'a', status: 'Gone' }, 'status'],
    [{ title: 'a', due_date: '2026-02-30' }, 'due_date'],
    [{ title: 'a', statsu: 'Open' }, 'statsu'],
    [{ title: ['a'] }, 'title'],
    [{ title: 'x'.repeat(141) }, 'title'],
    [{ title: 'a\u0007' }, 'title'],
  ])('is refused with %j, and the field is named', async (data, path) => {
    await expect(docs().create(org.slug, 'Task', { data })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      fields: [{ path }],
    });
  });

  it('links only to what is there in its own organization', async () => {
    const other = await world.found();
    await expect(task({ assigned_to: other.owner.person })).rejects.toMatchObject({ code: 'LINK_INVALID' });
    await expect(task({ attachment: 'nothing' })).rejects.toMatchObject({ code: 'ATTACHMENT_MISSING' });
    expect((await task({ assigned_to: org.owner.person })).after).toMatchObject({ owner: org.owner.person });
  });

  it('does not exist for another organization, by any verb', async () => {
    await task({ notes: 'amaranth' }, 't1');
    const other = await world.found();
    const missing = { code: 'DOCUMENT_NOT_FOUND' };
    for (const attempt of [
      () => docs().show(other.slug, 'Task', 't1'),
      () => docs().update(other.slug, 'Task', 't1', { notes: 'mine' }),
      () => docs().delete(other.slug, 'Task', 't1'),
      () => docs().undelete(other.slug, 'Task', 't1'),
      () => docs().versions(other.slug, 'Task', 't1'),
    ])
      await expect(attempt()).rejects.toMatchObject(missing);
    expect((await docs().list(other.slug, 'Task')).items).toEqual([]);
    const foreign = { principal: other.owner.principal };
    expect((await docs().list(org.slug, 'Task', {}, foreign)).items).toEqual([]);
    await expect(docs().update(org.slug, 'Task', 't1', { notes: 'mine' }, foreign)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('of a doctype that is only added to is never changed', async () => {
    const data = { reference_doctype: 'Organization', reference_name: org.id, content: 'Hello' };
    const { after } = await docs().create(org.slug, 'Comment', { data });
    await expect(docs().update(org.slug, 'Comment', after!.name, { content: 'Bye' })).rejects.toMatchObject({
      code: 'DOCUMENT_IMMUTABLE',
    });
  });

  it('that mirrors a record is read and not written', async () => {
    expect((await docs().list(org.slug, 'Org Member')).total_count).toBe(2);
    await expect(docs().update(org.slug, 'Org Member', 'x', {})).rejects.toMatchObject({
      code: 'DOCUMENT_READ_ONLY',
    });
  });

  it('goes with its organization when that is purged', async () => {
    await task({}, 't1');
    await world.push(org.slug, 'phone', [{ id: 'a', op: 'insert', doctype: 'Note', data: { title: 'N' } }]);
    await world.dartwing.sync.feed(org.slug, { doctype: 'Note', device: 'phone' });
    const call = { reason: 'gone' };
    await world.dartwing.tenancy.dissolve(org.slug, {}, call);
    await world.dartwing.tenancy.purge(org.slug, call);
    const { rows } = await world.database.admin.query(
      `select (select count(*) from document where organization = $1) + (select count(*) from document_change where organization = $1)
        + (select count(*) from document_head where organization = $1) + (select count(*) from sync_device where organization = $1) as left`,
      [org.id],
    );
    expect(Number(rows[0].left)).toBe(0);
  });
});

describe('a list', () => {
  beforeEach(async () => {
    for (const [name, status, due_date] of [
      ['a', 'Open', '2026-12-03'],
      ['b', 'Done', '2026-12-01'],
      ['c', 'Open', null],
      ['d%', 'Working', '2026-12-02'],
    ] as const)
      await task({ status, due_date, title: `Task ${name}` }, name);
  });

  const names = async (input: Parameters<ReturnType<typeof docs>['list']>[2]) =>
    (await docs().list(org.slug, 'Task', input)).items.map(({ name }) => name);

  it.each([
    [{ filters: { status: 'Open' } }, ['a', 'c']],
    [{ filters: [['status', '!=', 'Open']] }, ['b', 'd%']],
    [{ filters: [['status', 'in', ['Done', 'Working']]] }, ['b', 'd%']],
    [{ filters: [['status', 'not in', ['Done', 'Working']]] }, ['a', 'c']],
    [{ filters: [['due_date', '>=', '2026-12-02']] }, ['a', 'd%']],
    [{ filters: [['due_date', 'between', ['2026-12-01', '2026-12-02']]] }, ['b', 'd%']],
    [{ filters: [['due_date', 'is', 'not set']] }, ['c']],
    [{ filters: [['title', 'like', '%\\%']] }, ['d%']],
    [{ filters: [['name', '=', "a' or 'x'='x"]] }, []],
    [{ order_by: 'due_date desc' }, ['a', 'd%', 'b', 'c']],
    [{ order_by: 'status asc, name desc', limit: 2 }, ['b', 'c']],
    [{ limit: 2, offset: 3 }, ['d%']],
  ] as const)('with %j has the right documents in the right order', async (input, expected) => {
    expect(await names(input as never)).toEqual(expected);
  });

  it.each([
    [{ filters: [['nothing', '=', 1]] }],
    [{ filters: [['status', '~', 'x']] }],
    [{ filters: [['status', '=']] }],
    [{ filters: [['due_date', '>', 'soon']] }],
    [{ filters: 'status' }],
    [{ order_by: 'title; drop table document' }],
    [{ fields: ['nothing'] }],
    [{ limit: 0 }],
  ])('refuses %j', async (input) => {
    await expect(names(input as never)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it('shows the fields that were asked for, and no hidden one can be filtered by', async () => {
    const { items } = await docs().list(org.slug, 'Task', { fields: ['name', 'title'], limit: 1 });
    expect(items[0]!.data).toEqual({ title: 'Task a' });
    const ben = { principal: org.members[0]!.principal };
    await expect(
      docs().list(org.slug, 'Employment Record', { filters: [['salary', '>', 1]] }, ben),
    ).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });
});

describe('doctypes', () => {
  it('come with dartwing, with everything a client needs to know', async () => {
    const known = (await docs().doctypes.list()).map(({ doctype }) => doctype);
    expect(known).toEqual(
      expect.arrayContaining(['Task', 'Calendar Event', 'Comment', 'Notification', 'File', 'Note']),
    );
    expect(await docs().doctypes.show('Task')).toMatchObject({
      version: 1,
      naming: { rule: 'client' },
      read_only: false,
    });
    await expect(docs().doctypes.show('Taks')).rejects.toThrow('Taks');
  });

  it('are brought by modules at run time, with rights of their own', async () => {
    const chart = {
      doctype: 'Chart',
      module: 'clinic',
      naming: { rule: 'client' as const },
      fields: [{ name: 'finding', type: 'Text' as const, phi: true, required: true }],
      permissions: { member: { allow: ['read' as const, 'create' as const] } },
    };
    docs().doctypes.register(chart);
    docs().doctypes.register(chart);
    const ben = { principal: org.members[0]!.principal };
    const { after } = await docs().create(org.slug, 'Chart', { data: { finding: 'fine' } }, ben);
    await expect(docs().update(org.slug, 'Chart', after!.name, { finding: 'x' }, ben)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await world.dartwing.audit.sequence();
    const { items } = await world.dartwing.audit.query({ organization: org.id, action: 'document.create' });
    expect(JSON.stringify(items)).not.toContain('fine');
    expect(() => docs().doctypes.register({ ...chart, module: 'other' })).toThrow('clinic');
    expect(() =>
      docs().doctypes.register({ ...chart, doctype: 'Bad', fields: [{ name: 'a', type: 'Link' }] }),
    ).toThrow('Link');
    docs().doctypes.register({
      ...chart,
      version: 2,
      fields: [...chart.fields, { name: 'more', type: 'Int' }],
    });
    expect((await docs().doctypes.show('Chart')).version).toBe(2);
  });
});
