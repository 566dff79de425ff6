import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSyncWorld } from './world.js';

type World = Awaited<ReturnType<typeof openSyncWorld>>;

let world: World;
let org: Awaited<ReturnType<World['found']>>;
let id = '';

beforeAll(async () => {
  world = await openSyncWorld();
});

/** An appointment that two devices changed: the server says B, the client C. */
beforeEach(async () => {
  org = await world.found('ben');
  const data = { subject: 'A', starts_at: '2026-12-01T10:00:00Z' };
  await world.push(org.slug, 'desk', [{ op: 'insert', doctype: 'Calendar Event', name: 'e', data }]);
  const edit = (subject: string) =>
    ({ op: 'update', doctype: 'Calendar Event', name: 'e', base_version: 1, data: { subject } }) as const;
  await world.push(org.slug, 'desk', [edit('B')]);
  const [result] = await world.push(org.slug, 'phone', [edit('C')]);
  id = result!.conflict!;
});

const subject = async () =>
  (await world.dartwing.documents.show(org.slug, 'Calendar Event', 'e')).data.subject;
const resolve = (decision: Parameters<World['dartwing']['sync']['conflicts']['resolve']>[2], call = {}) =>
  world.dartwing.sync.conflicts.resolve(org.slug, id, decision, { reason: 'asked', ...call });

describe('a conflict', () => {
  it.each([
    [{ take: 'server' } as const, 'B', 'server'],
    [{ take: 'client' } as const, 'C', 'client'],
    [{ take: 'base' } as const, 'A', 'base'],
    [{ fields: { subject: 'client' } } as const, 'C', 'value'],
    [{ value: { subject: 'D' } } as const, 'D', 'value'],
  ])('is decided by %j', async (decision, expected, kept) => {
    const { after, audit } = await resolve(decision);
    expect(await subject()).toBe(expected);
    expect(after!.status).toMatchObject({ state: 'resolved', decision: kept, reason: 'asked' });
    expect(after).toMatchObject({
      server: { subject: 'B' },
      client: { subject: 'C' },
      base: { subject: 'A' },
    });
    expect(audit).toEqual(expect.any(String));
    await expect(resolve(decision)).rejects.toMatchObject({ code: 'CONFLICT_RESOLVED' });
  });

  it('does not overwrite what was changed after it was filed, unless that was seen', async () => {
    await world.push(org.slug, 'desk', [
      { op: 'update', doctype: 'Calendar Event', name: 'e', base_version: 2, data: { subject: 'Z' } },
    ]);
    await expect(resolve({ take: 'client' })).rejects.toMatchObject({ code: 'VERSION_MOVED' });
    await resolve({ take: 'client' }, { ifVersion: 3 });
    expect(await subject()).toBe('C');
  });

  it('stays with the server when its time is over, and may still be decided', async () => {
    world.clock.advance(86_400_000);
    expect(await world.dartwing.sync.conflicts.resolveDue()).toBeGreaterThanOrEqual(1);
    const shown = await world.dartwing.sync.conflicts.show(org.slug, id);
    expect(shown.status).toMatchObject({ state: 'auto', decision: 'server', resolved_by: 'time' });
    await resolve({ take: 'client' });
    expect(await subject()).toBe('C');
  });

  it('is hidden from other organizations, and not decided by whoever may not write', async () => {
    const other = await world.found();
    const foreign = { principal: other.owner.principal };
    const { conflicts } = world.dartwing.sync;
    await expect(conflicts.show(other.slug, id)).rejects.toMatchObject({ code: 'CONFLICT_NOT_FOUND' });
    await expect(conflicts.show(org.slug, id, foreign)).rejects.toMatchObject({ code: 'CONFLICT_NOT_FOUND' });
    expect((await conflicts.list(org.slug, { state: 'all' }, foreign)).items).toEqual([]);
    const ben = { principal: org.members[0]!.principal };
    await expect(resolve({ take: 'client' }, ben)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(conflicts.resolveDue(ben)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('refuses decisions that mean nothing', async () => {
    for (const decision of [
      { fields: { notes: 'client' } } as const,
      { fields: { subject: 'nobody' } } as never,
      { value: { subject: 5 } },
      { value: { subjekt: 'x' } },
    ])
      await expect(resolve(decision)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    expect(await subject()).toBe('B');
  });
});
