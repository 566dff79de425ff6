import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AuditDocument,
  type AuditEntry,
  type AuditQuery,
  type AuditTailOptions,
  queryAudit,
  stageAudit,
  stageAuditMany,
  tailAudit,
} from '../../src/core/audit/index.js';
import { openTrail, type Trail } from './trail.js';

const acme = 'ORG-2026-00001';
const globex = 'ORG-2026-00002';
const reader = { actor: { type: 'operator', id: 'ana' }, via: 'cli' as const, reason: 'inspection' };
let trail: Trail;

const query = (filter: AuditQuery) => trail.database.transaction((tx) => queryAudit(tx, filter, reader));
const names = (list: { items: AuditDocument[] }) => list.items.map((item) => item.ref.split('/')[1]);

function entry(name: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    action: 'create',
    actor: { type: 'person', id: 'PERSON-2026-00001', ip: '192.0.2.7' },
    via: 'http',
    ref: { doctype: 'Task', name },
    ...more,
  };
}

beforeAll(async () => {
  trail = await openTrail();
  await trail.asOrg(acme, (tx) =>
    stageAuditMany(tx, [
      entry('a'),
      entry('b', {
        action: 'member.revoke',
        actor: { type: 'person', id: 'PERSON-2026-00002' },
        reason: 'left',
      }),
      entry('c', { action: 'member.invite', ref: { doctype: 'Org Member', name: 'c' } }),
      entry('d', { isPhi: true, fields: ['diagnosis'], old: { n: 1 }, new: { n: 2 }, requestId: 'req_1' }),
    ]),
  );
  await trail.sequence();
  await trail.asOrg(globex, (tx) => stageAuditMany(tx, [entry('x'), entry('y')]));
  await trail.sequence();
});
afterAll(() => trail.close());

describe('query', () => {
  it('shows an entry as the document says it', async () => {
    const [item] = (await query({ organization: acme, name: 'd', doctype: 'Task' })).items;
    expect(item).toEqual({
      api_version: 'dartwing/v1',
      kind: 'AuditEntry',
      seq: 4,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      at: expect.stringMatching(/\.\d{3}Z$/),
      sequenced_at: expect.stringMatching(/\.\d{6}Z$/),
      actor: 'PERSON-2026-00001',
      actor_type: 'person',
      ip: '192.0.2.7',
      via: 'http',
      action: 'create',
      ref: 'Task/d',
      org: acme,
      is_phi: true,
      reason: null,
      request_id: 'req_1',
      fields: ['diagnosis'],
      old: { n: 1 },
      new: { n: 2 },
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      previous_checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('shows the chain: each checksum is the previous of the next', async () => {
    const items = (await query({ organization: acme, until: new Date('2100-01-01') })).items.toReversed();
    items.slice(1).forEach((item, index) => {
      expect(item.previous_checksum).toBe(items[index]!.checksum);
    });
    expect(items[0]!.previous_checksum).toMatch(/^[0-9a-f]{64}$/);

    const shown = async () => (await query({ organization: acme, doctype: 'Task' })).items;
    const before = await shown();
    await trail.attack('update audit_event set previous = null');
    expect(await shown()).toEqual(before);
    await trail.attack("update audit_event set previous = sha256('x') where seq = 4");
    expect((await shown()).find(({ seq }) => seq === 4)?.previous_checksum).toBeNull();
    await trail.attack('update audit_event set previous = null where seq = 4');
  });

  it.each([
    [{ actor: 'PERSON-2026-00002' }, ['b']],
    [{ action: 'create' }, ['d', 'a']],
    [{ action: 'member.*' }, ['c', 'b']],
    [{ action: 'member.' }, []],
    [{ doctype: 'Org Member' }, ['c']],
    [{ doctype: 'Task', name: 'a' }, ['a']],
    [{ isPhi: true }, ['d']],
    [{ isPhi: false, action: 'create' }, ['a']],
    [{ actor: 'PERSON-2026-00001', since: new Date('2100-01-01') }, []],
    [{ actor: 'PERSON-2026-00001', until: new Date('2100-01-01') }, ['d', 'c', 'a']],
  ] satisfies [AuditQuery, string[]][])('filters by %o', async (filter, expected) => {
    expect(names(await query({ organization: acme, ...filter }))).toEqual(expected);
  });

  it('pages across organizations, newest first, each entry once', async () => {
    const seen: (string | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const page = await query({ actor: 'PERSON-2026-00001', limit: 2, cursor });
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...names(page));
      cursor = page.cursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual(['y', 'x', 'd', 'c', 'a']);
  });

  it.each([
    [{ limit: 0 }, /limit/],
    [{ limit: 501 }, /limit/],
    [{ cursor: 'nonsense' }, /cursor/],
    [{ name: 'a' }, /doctype/],
    [{ action: '*.create' }, /star/],
    [{ since: new Date('x') }, /since is not a time/],
    [{ since: new Date(1), until: new Date(1) }, /not before/],
  ] satisfies [AuditQuery, RegExp][])('refuses %o', async (filter, message) => {
    await expect(query(filter)).rejects.toMatchObject({
      code: 'AUDIT_QUERY_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('leaves audit.read with who asked for what and why', async () => {
    await query({ organization: globex, action: 'export.*' });
    await query({});
    await trail.sequence();
    const [own] = (await query({ organization: globex, action: 'audit.read' })).items;
    expect(own).toMatchObject({
      actor: 'ana',
      reason: 'inspection',
      ref: `Audit Trail/${globex}`,
      new: { filter: { organization: globex, action: 'export.*' } },
    });
    const [all] = (await query({ organization: 'SYSTEM', action: 'audit.read', limit: 1 })).items;
    expect(all).toMatchObject({ ref: 'Audit Trail/*' });
  });
});

describe('tail', () => {
  async function collect(options: AuditTailOptions, enough = 100): Promise<AuditDocument[]> {
    const items: AuditDocument[] = [];
    for await (const item of tailAudit({ database: trail.database }, options, reader)) {
      items.push(item);
      if (items.length === enough) break;
    }
    return items;
  }

  it('shows the trail oldest first from a number or a time, and ends', async () => {
    const all = await collect({ organization: acme, sinceSeq: 0, doctype: 'Task' });
    expect(names({ items: all })).toEqual(['a', 'b', 'd']);
    expect(names({ items: await collect({ organization: acme, sinceSeq: 2, isPhi: true }) })).toEqual(['d']);
    const since = new Date(Date.now() - 3_600_000);
    const tasks = await collect({ since, doctype: 'Task' });
    expect(names({ items: tasks })).toEqual(['a', 'b', 'd', 'x', 'y']);
    expect(await collect({})).toEqual([]);
  });

  it('follows what is sequenced, across organizations, until it is aborted', async () => {
    const controller = new AbortController();
    const source = { database: trail.database, listen: trail.listen };
    const items: AuditDocument[] = [];
    const following = (async () => {
      const options = { follow: true, doctype: 'Note', signal: controller.signal };
      for await (const item of tailAudit(source, options, reader)) {
        items.push(item);
        if (items.length === 20) controller.abort();
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let turn = 0; turn < 10; turn++) {
      for (const organization of [acme, 'ORG-2026-00003']) {
        await trail.asOrg(organization, (tx) =>
          stageAudit(tx, entry(`${turn}`, { ref: { doctype: 'Note', name: `${turn}` } })),
        );
      }
      await trail.sequence();
    }
    await following;
    for (const organization of [acme, 'ORG-2026-00003']) {
      const own = items.filter((item) => item.org === organization);
      expect(names({ items: own })).toEqual(Array.from({ length: 10 }, (_, turn) => `${turn}`));
    }
  });

  it('wants the organization of a number', async () => {
    await expect(collect({ sinceSeq: 4 })).rejects.toMatchObject({ code: 'AUDIT_QUERY_INVALID' });
  });
});
