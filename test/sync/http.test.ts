import { describe, expect, it } from 'vitest';
import { openWorld } from '../server/world.js';

const world = openWorld();

const feed = '/api/method/dartwing_core.sync.feed';
const push = '/api/method/dartwing_core.sync.upsert_batch';

describe('sync over HTTP', () => {
  it('pulls, pushes and streams, with a status for each operation', async () => {
    const operations = [
      { id: 'a', op: 'insert', doctype: 'Note', name: 'n1', data: { title: 'One' } },
      { id: 'b', op: 'insert', doctype: 'Note', name: 'n2', data: { title: 2 } },
    ];
    const pushed = await world.ana.post(push, { org: 'acme', device: 'phone', operations });
    expect(pushed.status).toBe(200);
    expect(pushed.body.data.results.map(({ status }: { status: string }) => status)).toEqual([
      'success',
      'error',
    ]);
    const read = await world.ana.get(`${feed}?org=acme&doctype=Note&limit=1`);
    expect(read.body.data.rows).toMatchObject([{ name: 'n1', data: { title: 'One' } }]);
    const { next_since: since } = read.body.data;
    const next = await world.ana.post(feed, { org: 'acme', doctype: ['Note'], since });
    expect(next.body.data).toMatchObject({ rows: [], has_more: false });
    const stream = await world.ana.get('/v1/organizations/acme/changes?doctype=Note');
    const lines = stream.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([{ name: 'n1' }, { has_more: false, next_since: expect.any(String) }]);
  });

  it('tells a client that lost the organization to delete what it has, and one with an old cursor to begin again', async () => {
    const lost = await world.bo.post(feed, { org: 'acme', doctype: 'Note' });
    expect([lost.status, lost.body.error.code]).toEqual([403, 'SYNC_REVOKED']);
    const refused = await world.ana.get(`${feed}?org=acme&doctype=Note&since=AAAA`);
    expect([refused.status, refused.body.error.code]).toEqual([400, 'SYNC_CURSOR_INVALID']);
    const device = { org: 'acme', doctype: 'Note', device: 'phone' };
    const first = await world.ana.post(feed, device);
    await world.dartwing.sync.resync('acme', 'phone');
    const again = await world.ana.post(feed, { ...device, since: first.body.data.next_since });
    expect([again.status, again.body.error.code]).toEqual([410, 'FULL_RESYNC_REQUIRED']);
  });
});
