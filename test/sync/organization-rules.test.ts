/** Rules that an organization changed, and proposals for conflicts (T-S10). */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSyncWorld } from './world.js';

type World = Awaited<ReturnType<typeof openSyncWorld>>;

let world: World;
let org: Awaited<ReturnType<World['found']>>;

beforeAll(async () => {
  world = await openSyncWorld();
  for (const [doctype, phi] of [
    ['Memo', false],
    ['Finding', true],
  ] as const)
    world.dartwing.documents.doctypes.register({
      doctype,
      module: 'test',
      naming: { rule: 'client' },
      fields: [{ name: 'text', type: 'Text', phi }],
      conflicts: { strategy: 'manual_resolve', ai: { min_confidence: 0.98 } },
    });
});

beforeEach(async () => {
  org = await world.found('ben');
});

/** A version by the desk, and an edit of the phone that did not see it. */
async function meet(doctype: string, field: string) {
  const edit = (op: 'insert' | 'update', base: number, value: string, more: object = {}) =>
    ({ op, doctype, name: 'x', base_version: base, data: { ...more, [field]: value } }) as const;
  const first = doctype === 'Task' ? { title: 'T' } : {};
  await world.push(org.slug, 'desk', [edit('insert', 0, 'Low', first)]);
  await world.push(org.slug, 'desk', [edit('update', 1, 'High')]);
  return (await world.push(org.slug, 'phone', [edit('update', 1, 'Urgent')]))[0]!;
}

describe('rules of an organization', () => {
  const rules = () => world.dartwing.sync.rules;
  const clients = { strategy: 'field_level', client: ['priority'] };

  it('decide its conflicts, and those of no other organization', async () => {
    const { after } = await rules().set(org.slug, 'Task', clients, { reason: 'the ward decides' });
    expect(after).toMatchObject({
      override: clients,
      rules: { client: ['notes', 'description', 'priority'] },
    });
    expect(await meet('Task', 'priority')).toMatchObject({ resolved_doc: { priority: 'Urgent' } });
    await rules().set(org.slug, 'Task', null);
    expect(await rules().show(org.slug, 'Task')).toMatchObject({ override: null, set_by: null });
    org = await world.found();
    expect(await meet('Task', 'priority')).toMatchObject({ resolved_doc: { priority: 'High' } });
  });

  it('are on record, and the same rules again change nothing', async () => {
    await rules().set(org.slug, 'Task', clients);
    expect(await rules().set(org.slug, 'Task', clients)).toMatchObject({ op: 'none', audit: null });
    await world.dartwing.audit.sequence();
    const { items } = await world.dartwing.audit.query({ organization: org.id, action: 'sync.rules' });
    expect(items).toMatchObject([{ new: { override: clients } }]);
  });

  it.each([
    ['Task', { strategy: 'client_wins' }, 'VALIDATION_ERROR'],
    ['Task', { strategy: 'field_level', client: ['nothing'] }, 'VALIDATION_ERROR'],
    ['Task', { strategy: 'field_level', ai: { min_confidence: 0.99 } }, 'VALIDATION_ERROR'],
    ['Equipment', { strategy: 'field_level', client: ['status'] }, 'VALIDATION_ERROR'],
    ['Person', { strategy: 'client_wins' }, 'VALIDATION_ERROR'],
    ['Task', { strategi: 'server_wins' }, 'VALIDATION_ERROR'],
    ['Tusk', clients, 'DOCTYPE_UNKNOWN'],
  ])('of %s are not %j', async (doctype, change, code) => {
    await expect(rules().set(org.slug, doctype, change)).rejects.toMatchObject({ code });
  });

  it('are changed by those who may, and belong to their organization', async () => {
    const ben = { principal: org.members[0]!.principal };
    await expect(rules().set(org.slug, 'Task', clients, ben)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const other = await world.found();
    const foreign = { principal: other.owner.principal };
    await expect(rules().set(org.slug, 'Task', clients, foreign)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(rules().list(org.slug, foreign)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});

describe('T-S10 a proposal', () => {
  const propose = (id: string, confidence: number, value: object = { text: 'both' }) =>
    world.dartwing.sync.conflicts.propose(org.slug, id, {
      value: { ...value },
      confidence,
      rationale: 'alike',
    });

  it('below the threshold is shown to the person who decides', async () => {
    const { conflict } = await meet('Memo', 'text');
    expect(await propose(conflict!, 0.98)).toMatchObject({
      status: { state: 'open' },
      proposal: { value: { text: 'both' }, confidence: 0.98, rationale: 'alike' },
    });
    expect((await world.dartwing.documents.show(org.slug, 'Memo', 'x')).data).toEqual({ text: 'High' });
  });

  it('above it is taken, and both versions are kept', async () => {
    const { conflict } = await meet('Memo', 'text');
    expect(await propose(conflict!, 0.99)).toMatchObject({
      status: { state: 'resolved', decision: 'value' },
      base: { text: 'Low' },
      server: { text: 'High' },
      client: { text: 'Urgent' },
    });
    expect((await world.dartwing.documents.show(org.slug, 'Memo', 'x')).data).toEqual({ text: 'both' });
    await expect(propose(conflict!, 0.99)).rejects.toMatchObject({ code: 'CONFLICT_RESOLVED' });
  });

  it('about protected health information, or where the doctype trusts nobody, is never taken by itself', async () => {
    const finding = await meet('Finding', 'text');
    expect(await propose(finding.conflict!, 1)).toMatchObject({ status: { state: 'open' } });
    await expect(propose('CF-0', 1)).rejects.toMatchObject({ code: 'CONFLICT_NOT_FOUND' });
    const foreign = await world.found();
    await expect(
      world.dartwing.sync.conflicts.propose(foreign.slug, finding.conflict!, {
        value: { text: 'x' },
        confidence: 1,
      }),
    ).rejects.toMatchObject({ code: 'CONFLICT_NOT_FOUND' });
  });

  it('has values of contested fields and a confidence', async () => {
    const { conflict } = await meet('Memo', 'text');
    for (const [confidence, value] of [
      [2, { text: 'x' }],
      [Number.NaN, { text: 'x' }],
      [0.5, {}],
      [0.5, { other: 'x' }],
    ] as const)
      await expect(propose(conflict!, confidence, value)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });
});
