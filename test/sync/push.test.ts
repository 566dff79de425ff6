import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSyncWorld } from './world.js';

type World = Awaited<ReturnType<typeof openSyncWorld>>;

let world: World;
let org: Awaited<ReturnType<World['found']>>;

beforeAll(async () => {
  world = await openSyncWorld();
});

beforeEach(async () => {
  org = await world.found('ben');
});

const show = (doctype: string, name: string) => world.dartwing.documents.show(org.slug, doctype, name);

describe('a batch', () => {
  it('T-S1 replays what was done offline: create, change, delete', async () => {
    const results = await world.push(org.slug, 'phone', [
      { id: 'a', op: 'insert', doctype: 'Task', name: 't1', data: { title: 'Call' } },
      { id: 'b', op: 'update', doctype: 'Task', name: 't1', data: { status: 'Done' } },
      { id: 'c', op: 'insert', doctype: 'Task', name: 't2', data: { title: 'Walk' } },
      { id: 'd', op: 'delete', doctype: 'Task', name: 't2' },
    ]);
    expect(results.map(({ outcome, version, deleted }) => [outcome, version, deleted])).toEqual([
      ['applied', 1, false],
      ['applied', 2, false],
      ['applied', 1, false],
      ['applied', 2, true],
    ]);
    expect((await show('Task', 't1')).data).toMatchObject({ title: 'Call', status: 'Done', notes: null });
    await expect(show('Task', 't2')).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' });
    const { items } = await world.dartwing.documents.versions(org.slug, 'Task', 't1');
    expect(items.map(({ version, op }) => [version, op])).toEqual([
      [2, 'update'],
      [1, 'insert'],
    ]);
  });

  it('T-S8 carries an operation out once, however often it comes, also twice at once and twice in one batch', async () => {
    const operations = [
      { id: 'one', op: 'insert', doctype: 'Note', data: { title: 'Once' } },
      { id: 'one', op: 'insert', doctype: 'Note', data: { title: 'Once' } },
    ] as const;
    const all = await Promise.all([1, 2, 3].map(() => world.push(org.slug, 'phone', operations)));
    const names = new Set(all.flat().map(({ name }) => name));
    expect(names.size).toBe(1);
    expect(all.flat().filter(({ replayed }) => replayed)).toHaveLength(5);
    expect(all.flat().map(({ version }) => version)).toEqual([1, 1, 1, 1, 1, 1]);
    expect((await world.dartwing.documents.list(org.slug, 'Note')).total_count).toBe(1);
  });

  it('gives names where the server makes them, and puts them in the place of temporary ones', async () => {
    const person = org.owner.person;
    const operations = [
      {
        id: 'r',
        op: 'insert',
        doctype: 'Employment Record',
        name: 'new-1',
        data: { person, job_title: 'Nurse', start_date: '2026-01-01' },
      },
      { id: 's', op: 'update', doctype: 'Employment Record', name: 'new-1', data: { department: 'ER' } },
      {
        id: 't',
        op: 'insert',
        doctype: 'Comment',
        name: 'c1',
        data: { reference_doctype: 'Employment Record', reference_name: 'new-1', content: 'Welcome' },
      },
    ] as const;
    const [made, changed, comment] = await world.push(org.slug, 'phone', operations);
    expect(made).toMatchObject({
      outcome: 'applied',
      renamed_from: 'new-1',
      name: expect.stringMatching(/^EMP-2026-\d{5}$/),
    });
    expect(changed).toMatchObject({ name: made!.name, outcome: 'applied', version: 2 });
    expect(comment!.resolved_doc).toMatchObject({ reference_name: made!.name });
    const again = await world.push(org.slug, 'phone', operations);
    expect(again.map(({ name, replayed }) => [name, replayed])).toEqual([
      [made!.name, true],
      [made!.name, true],
      ['c1', true],
    ]);
    expect(
      await world.push(org.slug, 'phone', [{ ...operations[1], id: 'u', data: { department: 'OR' } }]),
    ).toMatchObject([{ status: 'error', error: { code: 'DOCUMENT_NOT_FOUND' } }]);
  });

  it('has no conflict with what the same device wrote before, whose answer was lost', async () => {
    await world.push(org.slug, 'phone', [
      { op: 'insert', doctype: 'Calendar Event', name: 'e', data: event('A') },
    ]);
    await world.push(org.slug, 'phone', [
      { op: 'update', doctype: 'Calendar Event', name: 'e', base_version: 1, data: { subject: 'B' } },
    ]);
    const [same] = await world.push(org.slug, 'phone', [
      { op: 'update', doctype: 'Calendar Event', name: 'e', base_version: 1, data: { subject: 'B' } },
    ]);
    expect(same).toMatchObject({ outcome: 'unchanged', version: 2 });
    const [later] = await world.push(org.slug, 'phone', [
      { op: 'update', doctype: 'Calendar Event', name: 'e', base_version: 1, data: { subject: 'C' } },
    ]);
    expect(later).toMatchObject({ outcome: 'applied', version: 3 });
    const [other] = await world.push(org.slug, 'tablet', [
      { op: 'update', doctype: 'Calendar Event', name: 'e', base_version: 1, data: { subject: 'D' } },
    ]);
    expect(other).toMatchObject({ outcome: 'conflict', version: 3 });
  });

  it('takes the document that was edited instead of its version', async () => {
    await world.push(org.slug, 'phone', [
      { op: 'insert', doctype: 'Note', name: 'n', data: { title: 'A', content: 'x' } },
    ]);
    await world.push(org.slug, 'phone', [
      { op: 'update', doctype: 'Note', name: 'n', base_version: 1, data: { content: 'y' } },
    ]);
    const base = { title: 'A', content: 'x', tags: null, pinned: false };
    const [result] = await world.push(org.slug, 'tablet', [
      { op: 'update', doctype: 'Note', name: 'n', base, data: { ...base, title: 'B' } },
    ]);
    expect(result).toMatchObject({ outcome: 'merged', resolved_doc: { title: 'B', content: 'y' } });
  });

  it('leaves one audit entry that names every document', async () => {
    await world.push(org.slug, 'phone', [{ op: 'insert', doctype: 'Note', name: 'n', data: { title: 'A' } }]);
    await world.dartwing.audit.sequence();
    const { items } = await world.dartwing.audit.query({ organization: org.id, action: 'sync.push' });
    expect(items).toMatchObject([{ new: { changes: [[expect.any(Number), 'Note', 'n', 1]] } }]);
  });

  it('is written once by two devices that make the same document at once, and the other edit is not lost', async () => {
    const make = (device: string) =>
      world.push(org.slug, device, [{ op: 'insert', doctype: 'Note', name: 'n', data: { title: device } }]);
    const results = (await Promise.all([make('phone'), make('tablet')])).flat();
    expect(results.filter(({ outcome }) => outcome === 'applied')).toHaveLength(1);
    const { items } = await world.dartwing.sync.conflicts.list(org.slug, { state: 'all' });
    expect(items).toHaveLength(1);
  });
});

describe('a wrong operation', () => {
  const good = (name: string) => ({ op: 'insert', doctype: 'Note', name, data: { title: 'fine' } }) as const;
  const deep = () => {
    let value: unknown = 1;
    for (let level = 0; level < 40; level++) value = [value];
    return value;
  };

  it('has an error of its own, and its neighbours succeed', async () => {
    const wrong: [unknown, string][] = [
      [{ op: 'insert', doctype: 'Nothing', name: 'x', data: {} }, 'DOCTYPE_UNKNOWN'],
      [{ op: 'insert', doctype: 'Org Member', name: 'x', data: {} }, 'DOCUMENT_READ_ONLY'],
      [{ op: 'insert', doctype: 'Note', name: 'x', data: { title: 5 } }, 'VALIDATION_ERROR'],
      [{ op: 'insert', doctype: 'Note', name: 'x', data: { title: 'a\u0000b' } }, 'VALIDATION_ERROR'],
      [{ op: 'insert', doctype: 'Note', name: 'x', data: { title: '\ud800' } }, 'VALIDATION_ERROR'],
      [{ op: 'insert', doctype: 'Note', name: 'x', data: { titel: 'a' } }, 'VALIDATION_ERROR'],
      [{ op: 'insert', doctype: 'Note', name: 'x', data: {} }, 'VALIDATION_ERROR'],
      [{ op: 'insert', doctype: 'Note', name: 'x' }, 'VALIDATION_ERROR'],
      [
        { op: 'insert', doctype: 'Note', name: 'x', data: { title: 'a', content: 'x'.repeat(100_000) } },
        'VALIDATION_ERROR',
      ],
      [{ op: 'insert', doctype: 'Note', name: 'x', data: { title: 'a', tags: deep() } }, 'VALIDATION_ERROR'],
      [{ op: 'insert', doctype: 'Note', name: 'a\nb', data: { title: 'a' } }, 'DOCUMENT_NAME_INVALID'],
      [
        { op: 'insert', doctype: 'Note', name: 'x'.repeat(10_240), data: { title: 'a' } },
        'DOCUMENT_NAME_INVALID',
      ],
      [
        { op: 'update', doctype: 'Note', name: 'missing', base_version: 3, data: { title: 'a' } },
        'DOCUMENT_NOT_FOUND',
      ],
      [{ op: 'update', doctype: 'Note', name: 'n0', base_version: -1, data: {} }, 'VALIDATION_ERROR'],
      [{ op: 'vanish', doctype: 'Note', name: 'n0' }, 'VALIDATION_ERROR'],
      [{ op: 'insert', doctype: 'Note', name: 'x', data: { title: 'a' }, id: '' }, 'VALIDATION_ERROR'],
      [
        { op: 'insert', doctype: 'Note', name: 'x', data: { title: 'a' }, client_ts: 'noon' },
        'VALIDATION_ERROR',
      ],
      [
        { op: 'update', doctype: 'Note', name: 'n0', base_version: 1, force: true, data: { title: 'b' } },
        'FORCE_WITHOUT_CONFLICT',
      ],
      ['nothing', 'VALIDATION_ERROR'],
      [null, 'VALIDATION_ERROR'],
    ];
    const operations = wrong.flatMap(([operation], index) => [good(`n${index}`), operation as never]);
    const results = await world.push(org.slug, 'phone', operations);
    const bad = results.filter((_, index) => index % 2 === 1);
    expect(bad.map(({ status, error }) => [status, error?.code])).toEqual(
      wrong.map(([, code]) => ['error', code]),
    );
    expect(results.filter((_, index) => index % 2 === 0).every(({ outcome }) => outcome === 'applied')).toBe(
      true,
    );
    expect((await world.dartwing.documents.list(org.slug, 'Note')).total_count).toBe(wrong.length);
  });

  it('is one whose batch has 10 MB or whose JSON is deep, and what fits is taken', async () => {
    world.dartwing.documents.doctypes.register({
      doctype: 'Scan',
      module: 'test',
      naming: { rule: 'client' },
      fields: [{ name: 'content', type: 'JSON' }],
    });
    let deepest: unknown = 1;
    for (let level = 0; level < 5_000; level++) deepest = { in: deepest };
    const scan = (name: string, content: unknown) =>
      ({ op: 'insert', doctype: 'Scan', name, data: { content } }) as const;
    const large = Array.from({ length: 4 }, () => 'x'.repeat(60_000));
    const results = await world.push(org.slug, 'phone', [
      scan('deep', deepest),
      scan('deep too', deep()),
      scan('fits', { a: [1] }),
      scan(
        'too large',
        Array.from({ length: 5 }, () => 'x'.repeat(60_000)),
      ),
      ...Array.from({ length: 40 }, (_, index) => scan(`large ${index}`, large)),
    ]);
    const codes = results.map(({ error, outcome }) => error?.code ?? outcome);
    expect(codes.slice(0, 4)).toEqual([
      'VALIDATION_ERROR',
      'VALIDATION_ERROR',
      'applied',
      'VALIDATION_ERROR',
    ]);
    const taken = codes.slice(4).filter((code) => code === 'applied').length;
    expect(taken).toBeGreaterThan(20);
    expect(codes.slice(4 + taken).every((code) => code === 'VALIDATION_ERROR')).toBe(true);
    expect((await world.dartwing.documents.list(org.slug, 'Scan', { limit: 1 })).total_count).toBe(taken + 1);
  });

  it('T-S7 is rejected when it names a file that was not uploaded, and taken after it was', async () => {
    const task = {
      id: randomUUID(),
      op: 'insert',
      doctype: 'Task',
      name: 't',
      data: { title: 'X', attachment: 'scan' },
    } as const;
    expect(await world.push(org.slug, 'phone', [task])).toMatchObject([
      { error: { code: 'ATTACHMENT_MISSING' } },
    ]);
    const file = { op: 'insert', doctype: 'File', name: 'scan', data: { file_name: 'scan.pdf' } } as const;
    expect(await world.push(org.slug, 'phone', [file, task])).toMatchObject([
      { outcome: 'applied' },
      { outcome: 'applied' },
    ]);
  });

  it('cannot link to a document of another organization', async () => {
    const other = await world.found();
    await world.push(other.slug, 'phone', [
      { op: 'insert', doctype: 'File', name: 'theirs', data: { file_name: 'a' } },
    ]);
    const [link, person] = await world.push(org.slug, 'phone', [
      { op: 'insert', doctype: 'Task', name: 't1', data: { title: 'X', attachment: 'theirs' } },
      { op: 'insert', doctype: 'Task', name: 't2', data: { title: 'X', assigned_to: other.owner.person } },
    ]);
    expect([link!.error!.code, person!.error!.code]).toEqual(['ATTACHMENT_MISSING', 'LINK_INVALID']);
  });

  it('is told from a repetition when its id was used for something else', async () => {
    await world.push(org.slug, 'phone', [
      { id: 'x', op: 'insert', doctype: 'Note', name: 'a', data: { title: 'A' } },
    ]);
    const other = { id: 'x', op: 'insert', doctype: 'Note', name: 'a', data: { title: 'B' } } as const;
    expect(await world.push(org.slug, 'phone', [other])).toMatchObject([
      { error: { code: 'OPERATION_ID_REUSED' } },
    ]);
    expect((await show('Note', 'a')).data.title).toBe('A');
    const twice = [
      { ...other, id: 'y', name: 'b' },
      { ...other, id: 'y', name: 'c' },
    ];
    expect(await world.push(org.slug, 'phone', twice)).toMatchObject([
      { outcome: 'applied' },
      { error: { code: 'OPERATION_ID_REUSED' } },
    ]);
  });

  it('blocks those after it on the same document only', async () => {
    const results = await world.push(org.slug, 'phone', [
      { op: 'insert', doctype: 'Note', name: 'a', data: { title: 'A' } },
      { op: 'undelete', doctype: 'Note', name: 'b' },
      { op: 'update', doctype: 'Note', name: 'b', data: { title: 'B' } },
      { op: 'update', doctype: 'Note', name: 'a', data: { title: 'C' } },
    ]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['applied', 'rejected', 'blocked', 'applied']);
  });

  it('refuses a batch that is none, too long, or of another protocol', async () => {
    const { dartwing } = world;
    const send = (request: unknown) => dartwing.sync.push(org.slug, request as never);
    const many = Array.from({ length: 501 }, (_, index) => good(`n${index}`));
    for (const request of [
      null,
      {},
      { device: 'd' },
      { device: '', operations: [] },
      { device: 'd', operations: many },
    ])
      await expect(send(request)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await expect(send({ device: 'd', operations: [], protocol: 9 })).rejects.toMatchObject({
      code: 'SYNC_PROTOCOL',
    });
  });
});

describe('rights', () => {
  it('T-S9 refuse a forced write by somebody who may not write', async () => {
    const { slug } = org;
    const [ben] = org.members;
    await world.push(slug, 'phone', [
      { op: 'insert', doctype: 'Calendar Event', name: 'e', data: event('A') },
    ]);
    await world.push(slug, 'phone', [
      { op: 'update', doctype: 'Calendar Event', name: 'e', base_version: 1, data: { subject: 'B' } },
    ]);
    await world.push(slug, 'tablet', [
      { op: 'update', doctype: 'Calendar Event', name: 'e', base_version: 1, data: { subject: 'C' } },
    ]);
    const force = {
      op: 'update',
      doctype: 'Calendar Event',
      name: 'e',
      base_version: 2,
      data: { subject: 'D' },
      force: true,
    } as const;
    expect(await world.push(slug, 'ben', [force], ben)).toMatchObject([
      { error: { code: 'PERMISSION_DENIED' } },
    ]);
    expect(await world.push(slug, 'ana', [{ ...force, base_version: 1 }], org.owner)).toMatchObject([
      { outcome: 'conflict', version: 2 },
    ]);
    expect(await world.push(slug, 'ana', [force], org.owner)).toMatchObject([
      { outcome: 'applied', version: 3 },
    ]);
    const { items } = await world.dartwing.sync.conflicts.list(slug, { state: 'resolved' });
    expect(items).toMatchObject([{ row: 'e', status: { decision: 'value', resolved_by: org.owner.person } }]);
  });

  it('let a member change what is theirs and read what is not', async () => {
    const [ben] = org.members;
    const results = await world.push(
      org.slug,
      'ben',
      [
        { op: 'insert', doctype: 'Task', name: 'mine', data: { title: 'M', assigned_to: ben!.person } },
        { op: 'insert', doctype: 'Task', name: 'other', data: { title: 'O', assigned_to: org.owner.person } },
        { op: 'update', doctype: 'Task', name: 'mine', base_version: 1, data: { notes: 'x' } },
        { op: 'update', doctype: 'Task', name: 'other', base_version: 1, data: { notes: 'x' } },
        { op: 'delete', doctype: 'Task', name: 'mine', base_version: 2 },
        {
          op: 'insert',
          doctype: 'Address',
          name: 'a',
          data: { title: 'A', address_line1: '1', city: 'C', country: 'D' },
        },
      ],
      ben,
    );
    expect(results.map(({ outcome, error }) => error?.code ?? outcome)).toEqual([
      'applied',
      'applied',
      'applied',
      'PERMISSION_DENIED',
      'PERMISSION_DENIED',
      'PERMISSION_DENIED',
    ]);
  });

  it('keep a reader from changing a notice, except that it was read', async () => {
    const [ben] = org.members;
    const notice = { for_person: ben!.person, subject: 'Hello' };
    await world.push(org.slug, 'server', [
      { op: 'insert', doctype: 'Notification', name: 'n', data: notice },
    ]);
    const change = (data: object) =>
      world.push(
        org.slug,
        'ben',
        [{ op: 'update', doctype: 'Notification', name: 'n', base_version: 1, data: { ...data } }],
        ben,
      );
    expect(await change({ subject: 'Bye' })).toMatchObject([{ error: { code: 'FIELDS_DENIED' } }]);
    expect(await change({ read_state: true })).toMatchObject([{ outcome: 'applied', version: 2 }]);
  });

  it('are lost with the membership', async () => {
    const [ben] = org.members;
    await world.dartwing.people.member.remove(org.slug, ben!.person);
    await expect(world.push(org.slug, 'ben', [], ben)).rejects.toMatchObject({ code: 'SYNC_REVOKED' });
  });

  it('give nobody the answers to operations of another principal', async () => {
    const [ben] = org.members;
    const task = { id: 'same', op: 'insert', doctype: 'Note', name: 'n', data: { title: 'A' } } as const;
    await world.push(org.slug, 'shared', [task], org.owner);
    const [result] = await world.push(org.slug, 'shared', [{ ...task, name: 'm' }], ben);
    expect(result).toMatchObject({ outcome: 'applied', name: 'm' });
  });
});

describe('T-S3 every strategy', () => {
  /** The server's edit and a stale one of a client meet; the answer to the client and what is there afterwards. */
  const meet = async (doctype: string, first: object, server: object, client: object, more: object = {}) => {
    const name = randomUUID();
    const { slug } = org;
    await world.push(slug, 'desk', [{ op: 'insert', doctype, name, data: { ...first } }]);
    world.clock.advance(1_000);
    await world.push(slug, 'desk', [{ op: 'update', doctype, name, base_version: 1, data: { ...server } }]);
    world.clock.advance(1_000);
    const [result] = await world.push(slug, 'phone', [
      { op: 'update', doctype, name, base_version: 1, data: { ...client }, ...more },
    ]);
    const document = await world.dartwing.documents.show(slug, doctype, name);
    const conflict = result!.conflict && (await world.dartwing.sync.conflicts.show(slug, result!.conflict));
    return { result: result!, data: document.data, conflict };
  };

  it('server_wins keeps the server and files the edit', async () => {
    const { result, data, conflict } = await meet(
      'File',
      { file_name: 'a' },
      { file_name: 'b' },
      { file_name: 'c' },
    );
    expect(result).toMatchObject({ status: 'success', outcome: 'server_wins', fields_lost: ['file_name'] });
    expect(data.file_name).toBe('b');
    expect(conflict).toMatchObject({
      rule: 'server_wins',
      status: { state: 'auto' },
      client: { file_name: 'c' },
      server: { file_name: 'b' },
    });
  });

  it('client_wins takes read_state from the client', async () => {
    const notice = { for_person: org.owner.person, subject: 'S' };
    const { result, data } = await meet(
      'Notification',
      notice,
      { subject: 'T', read_state: false, message: 'm' },
      { read_state: true },
    );
    expect(result.outcome).toMatch(/applied|merged/);
    expect(data).toMatchObject({ read_state: true, subject: 'T' });
  });

  it('field_level gives status to the server and notes to the client', async () => {
    const { result, data } = await meet(
      'Task',
      { title: 'T', notes: 'n' },
      { status: 'Done', notes: 'server' },
      { status: 'Working', notes: 'client' },
    );
    expect(result).toMatchObject({ outcome: 'merged', fields_lost: ['status'] });
    expect(data).toMatchObject({ status: 'Done', notes: 'client' });
  });

  it('append_only takes additions of both and no change', async () => {
    const { slug } = org;
    const say = (name: string, content: string) =>
      ({
        op: 'insert',
        doctype: 'Comment',
        name,
        data: { content, reference_doctype: 'Organization', reference_name: org.id },
      }) as const;
    await world.push(slug, 'desk', [say('c1', 'one')]);
    await world.push(slug, 'phone', [say('c2', 'two')]);
    const [changed] = await world.push(slug, 'desk', [
      { op: 'update', doctype: 'Comment', name: 'c1', base_version: 1, data: { content: 'other' } },
    ]);
    expect(changed).toMatchObject({ outcome: 'server_wins', version: 1 });
    const { items } = await world.dartwing.documents.list(slug, 'Comment');
    expect(items.map(({ data }) => data.content)).toEqual(['one', 'two']);
    const [gone] = await world.push(slug, 'phone', [
      { op: 'delete', doctype: 'Comment', name: 'c1', base_version: 1 },
    ]);
    expect(gone).toMatchObject({ outcome: 'applied', deleted: true });
  });

  it('manual_resolve asks a person, and stays with the server meanwhile', async () => {
    const { result, data, conflict } = await meet(
      'Calendar Event',
      event('A'),
      { subject: 'B' },
      { subject: 'C', notes: 'n' },
    );
    expect(result).toMatchObject({
      status: 'conflict',
      outcome: 'conflict',
      server_doc: { subject: 'B' },
      client_doc: { subject: 'C' },
    });
    expect(data).toMatchObject({ subject: 'B', notes: 'n' });
    expect(conflict).toMatchObject({
      status: { state: 'open' },
      fields: ['subject'],
      base: { subject: 'A' },
    });
  });

  it('last_write_wins takes the later time, which no clock can put into the future', async () => {
    const person = org.owner.person;
    const at = (time: string) => ({ last_seen: time });
    const old = await meet('Presence', { person }, at('2026-11-23T09:00:00Z'), at('2026-11-23T08:00:00Z'), {
      client_ts: '2026-11-23T08:00:00Z',
    });
    expect(old.result.outcome).toBe('server_wins');
    world.clock.advance(60_000);
    const late = await meet('Presence', { person }, at('2026-11-23T09:00:00Z'), at('2026-11-23T10:00:00Z'), {
      client_ts: '2099-01-01T00:00:00Z',
    });
    expect(['applied', 'merged', 'server_wins']).toContain(late.result.outcome);
    expect(new Date(late.result.server_ts).getTime()).toBeLessThanOrEqual(world.clock.now().getTime());
  });

  it('three_way merges lines of a text and tags', async () => {
    const { result, data } = await meet(
      'Note',
      { title: 'N', content: 'a\nb\nc\nd\n', tags: ['x'] },
      { content: 'A\nb\nc\nd\n', tags: ['x', 'y'] },
      { content: 'a\nb\nc\nD\n', tags: ['x', 'z'] },
    );
    expect(result.outcome).toBe('merged');
    expect(data.content).toBe('A\nb\nc\nD\n');
    expect([...(data.tags as string[])].sort()).toEqual(['x', 'y', 'z']);
  });
});

describe('T-S4 a deletion', () => {
  it('beats an edit that did not see it, and undelete beats the deletion', async () => {
    const { slug } = org;
    await world.push(slug, 'desk', [
      { op: 'insert', doctype: 'Note', name: 'n', data: { title: 'A', content: 'text' } },
    ]);
    await world.push(slug, 'desk', [{ op: 'delete', doctype: 'Note', name: 'n', base_version: 1 }]);
    const [edit] = await world.push(slug, 'phone', [
      { op: 'update', doctype: 'Note', name: 'n', base_version: 1, data: { title: 'B' } },
    ]);
    expect(edit).toMatchObject({
      outcome: 'server_wins',
      deleted: true,
      resolved_doc: null,
      conflict: expect.any(String),
    });
    const [back] = await world.push(slug, 'phone', [
      { op: 'undelete', doctype: 'Note', name: 'n', base_version: 1 },
    ]);
    expect(back).toMatchObject({
      outcome: 'applied',
      deleted: false,
      version: 3,
      resolved_doc: { title: 'A', content: 'text' },
    });
  });

  it('of what somebody changed meanwhile is carried out, and the change is kept', async () => {
    const { slug } = org;
    await world.push(slug, 'desk', [{ op: 'insert', doctype: 'Note', name: 'n', data: { title: 'A' } }]);
    await world.push(slug, 'desk', [
      { op: 'update', doctype: 'Note', name: 'n', base_version: 1, data: { title: 'B' } },
    ]);
    const [gone] = await world.push(slug, 'phone', [
      { op: 'delete', doctype: 'Note', name: 'n', base_version: 1 },
    ]);
    expect(gone).toMatchObject({ outcome: 'applied', deleted: true });
    const kept = await world.dartwing.sync.conflicts.show(slug, gone!.conflict!);
    expect(kept).toMatchObject({ op: 'delete', server: { title: 'B' } });
  });
});

function event(subject: string) {
  return { subject, starts_at: '2026-12-01T10:00:00Z' };
}
