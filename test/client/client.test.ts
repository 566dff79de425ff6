import { describe, expect, test } from 'vitest';
import { ClientFault, type FeedPage, faultOf } from '../../src/client/index.js';
import type * as wire from '../../src/client/protocol.js';
import type * as core from '../../src/core/sync/protocol.js';
import { answer, open, page, scripted } from './scripted.js';

const offline = () => {
  throw new ClientFault('OFFLINE');
};

test('the shapes of the protocol are those of the server', () => {
  const fits = <Both>(_: (one: Both) => Both): void => {};
  fits<core.FeedPage>((one: wire.FeedPage & core.FeedPage) => one satisfies wire.FeedPage);
  fits<core.PushAnswer>((one: wire.PushAnswer & core.PushAnswer) => one satisfies wire.PushAnswer);
  const feed: core.FeedRequest = {} as wire.FeedRequest;
  const push: core.PushRequest = {} as wire.PushRequest;
  const received: wire.FeedPage = {} as core.FeedPage;
  const answered: wire.PushAnswer = {} as core.PushAnswer;
  expect([feed, push, received, answered]).toHaveLength(4);
});

describe('the queue', () => {
  test('edits are seen at once, sent in their order and gone when they were acknowledged', async () => {
    const { client, server } = await open();
    const name = await client.insert('Note', { title: 'a' });
    await client.update('Note', name, { title: 'b' });
    await client.insert('Note', { title: 'other' });
    expect(client.get('Note', name)).toMatchObject({ version: 0, data: { title: 'b' }, pending: true });
    server.onPush.push((request) => answer(request, (_, index) => ({ version: index === 1 ? 2 : 1 })));
    await expect(client.sync()).resolves.toMatchObject({ state: 'ready', pending: 0 });
    expect(server.asked.push[0]!.operations.map(({ op, data }) => [op, data?.title])).toEqual([
      ['insert', 'a'],
      ['update', 'b'],
      ['insert', 'other'],
    ]);
    expect(client.get('Note', name)).toMatchObject({ version: 2, pending: false });
  });

  test('a lost answer is asked for again with the same ids, after pauses that double', async () => {
    const { client, server, pauses } = await open();
    await client.insert('Note', { title: 'a' });
    server.onPush.push(offline, offline);
    await client.sync();
    expect(pauses).toEqual([1_000, 2_000]);
    const ids = server.asked.push.map(({ operations }) => operations.map(({ id }) => id));
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
  });

  test('it stops after five attempts, tells, and keeps everything', async () => {
    const { client, server } = await open();
    await client.insert('Note', { title: 'a' });
    server.onPush.push(...Array(5).fill(offline));
    await expect(client.sync()).rejects.toMatchObject({ code: 'OFFLINE' });
    expect(client.status()).toMatchObject({ state: 'stopped', pending: 1, fault: { code: 'OFFLINE' } });
    await expect(client.sync()).resolves.toMatchObject({ state: 'ready', pending: 0 });
  });

  test('it waits as long as the server asks', async () => {
    const { client, server, pauses } = await open();
    server.onFeed.push(() => {
      throw faultOf(429, { code: 'RATE_LIMITED' }, 7_500);
    });
    await client.sync();
    expect(pauses).toEqual([7_500]);
  });

  test('an answer that does not fit the call acknowledges nothing', async () => {
    const { client, server } = await open();
    await client.insert('Note', { title: 'a' });
    server.onPush.push(
      (request) => ({ ...answer(request), results: [] }),
      (request) => answer(request, () => ({ id: 'another' })),
    );
    await client.sync();
    expect(server.asked.push).toHaveLength(3);
    expect(client.status().pending).toBe(0);
  });

  test('a refused edit waits for a correction, holds the later ones of its document, and harms no other', async () => {
    const { client, server } = await open();
    const [one, two] = [
      await client.insert('Note', { title: 'bad' }),
      await client.insert('Note', { title: 'good' }),
    ];
    server.onPush.push((request) =>
      answer(request, ({ data }) =>
        data?.title === 'bad'
          ? {
              status: 'error',
              outcome: 'rejected',
              version: 0,
              error: { code: 'VALIDATION_ERROR', message: 'no', retry: false },
            }
          : {},
      ),
    );
    await expect(client.sync()).resolves.toMatchObject({ failed: 1, pending: 0 });
    await client.update('Note', one, { title: 'later' });
    await client.sync();
    expect(server.asked.push).toHaveLength(1);
    expect(client.get('Note', two)).toMatchObject({ version: 1, pending: false });
    const [failed] = client.queue();
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'VALIDATION_ERROR' } });
    await client.retry(failed!.id);
    await client.sync();
    expect(client.status()).toMatchObject({ failed: 0, pending: 0 });
  });

  test('a document that is deleted and brought back has what it had', async () => {
    const { client } = await open();
    const name = await client.insert('Note', { title: 'a' });
    await client.delete('Note', name);
    expect(client.get('Note', name)).toBeUndefined();
    await client.undelete('Note', name, { body: 'b' });
    expect(client.get('Note', name)?.data).toEqual({ title: 'a', body: 'b' });
  });

  test('giving up an insert gives up what was edited on it', async () => {
    const { client } = await open();
    const name = await client.insert('Note', { title: 'a' });
    await client.update('Note', name, { title: 'b' });
    await client.discard(client.queue()[0]!.id);
    expect(client.queue()).toEqual([]);
    expect(client.get('Note', name)).toBeUndefined();
  });

  test('an operation that the server wants later is tried again, five times at most', async () => {
    const { client, server } = await open();
    await client.insert('Note', { title: 'a' });
    const busy = () => ({
      status: 'error' as const,
      outcome: 'rejected' as const,
      version: 0,
      error: { code: 'DATABASE_BUSY', message: 'busy', retry: true },
    });
    server.onPush.push(...Array(9).fill((request: Parameters<typeof answer>[0]) => answer(request, busy)));
    await client.sync().catch(() => {});
    await client.sync().catch(() => {});
    expect(server.asked.push).toHaveLength(5);
    expect(client.status()).toMatchObject({ failed: 1, pending: 0 });
  });
});

describe('names', () => {
  test('a temporary name is replaced in what waits and understood for ever', async () => {
    const { client, server } = await open();
    const first = await client.insert('Note', { title: 'a' }, 'temp-1');
    server.onPush.push((request) => {
      void client.update('Note', first, { title: 'b', rows: [{ link: 'temp-1' }] });
      return answer(request, () => ({ name: 'NOTE-1', renamed_from: 'temp-1' }));
    });
    await client.sync();
    await client.sync();
    const sent = server.asked.push.flatMap(({ operations }) => operations);
    expect(sent[1]).toMatchObject({ name: 'NOTE-1', data: { rows: [{ link: 'NOTE-1' }] }, base_version: 1 });
    expect(client.get('Note', 'temp-1')?.name).toBe('NOTE-1');
  });
});

describe('conflicts', () => {
  const dispute = (request: Parameters<typeof answer>[0]) =>
    answer(request, () => ({
      status: 'conflict',
      outcome: 'conflict',
      version: 3,
      fields_open: ['title'],
      resolved_doc: { title: 'server', body: 'merged' },
      server_doc: { title: 'server', body: 'merged' },
      client_doc: {},
      conflict: 'CF-1',
    }));

  async function inConflict(options: Parameters<typeof open>[0] = {}) {
    const opened = await open(options);
    opened.server.onFeed.push(() => page([{ name: 'n1', data: { title: 'old', body: '' } }]));
    await opened.client.sync();
    await opened.client.update('Note', 'n1', { title: 'mine', body: 'merged' });
    opened.server.onPush.push(dispute);
    await opened.client.sync();
    return opened;
  }

  test('hold their document and no other, until somebody decides', async () => {
    const { client, server } = await inConflict();
    expect(client.status()).toMatchObject({ conflicts: 1 });
    await client.update('Note', 'n1', { body: 'later' });
    await client.insert('Note', { title: 'other' });
    await client.sync();
    expect(server.asked.push.at(-1)!.operations).toMatchObject([{ op: 'insert' }]);
    await client.decide('Note', 'n1', { take: 'client' });
    await client.sync();
    const [forced, later] = server.asked.push.at(-1)!.operations;
    expect(forced).toMatchObject({ force: true, base_version: 3, data: { title: 'mine' } });
    expect(forced!.data).not.toHaveProperty('body');
    expect(later).toMatchObject({ data: { body: 'later' }, base: { title: 'mine', body: 'merged' } });
    expect(client.status()).toMatchObject({ conflicts: 0, pending: 0 });
  });

  test('hold the whole queue where that is wanted', async () => {
    const { client, server } = await inConflict({ conflictPauses: 'queue' });
    await client.insert('Note', { title: 'other' });
    await client.sync();
    expect(server.asked.push).toHaveLength(1);
  });

  test("are decided for the server by letting the edit go, and by a value of one's own", async () => {
    const { client, server } = await inConflict();
    await client.decide('Note', 'n1', { take: 'server' });
    expect(client.get('Note', 'n1')).toMatchObject({ data: { title: 'server' }, pending: false });
    await expect(client.decide('Note', 'n1', { take: 'server' })).rejects.toMatchObject({
      code: 'NOT_IN_CONFLICT',
    });
    const second = await inConflict();
    await second.client.decide('Note', 'n1', { data: { title: 'both' } });
    await second.client.sync();
    expect(second.server.asked.push.at(-1)!.operations).toMatchObject([
      { force: true, data: { title: 'both' } },
    ]);
    expect(server.asked.push).toHaveLength(1);
  });
});

describe('the feed', () => {
  test('a page applied twice is applied once, and an older row changes nothing', async () => {
    const { client, server } = await open();
    const newer = page([{ version: 2, seq: 5, data: { title: 'new' } }]);
    server.onFeed.push(
      () => newer,
      () => newer,
      () => page([{ version: 1, seq: 3, data: { title: 'old' } }]),
    );
    for (let time = 0; time < 3; time++) await client.sync();
    expect(client.list('Note')).toMatchObject([{ version: 2, data: { title: 'new' } }]);
  });

  test('goes on where the last kept page ended, also after a restart', async () => {
    const { client, server, store } = await open();
    server.onFeed.push(
      () => page([{ name: 'a' }], { next_since: 'c2', has_more: true }),
      ...Array<() => FeedPage>(5).fill(offline),
    );
    await client.sync().catch(() => {});
    await client.close();
    const second = await open({ store, first: false });
    await second.client.sync();
    expect(second.server.asked.feed.map(({ since }) => since)).toEqual(['c2']);
    expect(second.client.list('Note')).toHaveLength(1);
  });

  test('deleted and revoked documents go; a revoked one leaves nothing of the server in the queue', async () => {
    const { client, server } = await open();
    server.onFeed.push(() => page([{ name: 'a' }, { name: 'b', data: { title: 'secret' } }, { name: 'c' }]));
    await client.sync();
    await client.update('Note', 'b', { title: 'mine' });
    server.onPush.push(offline, offline, offline, offline, offline);
    await client.sync().catch(() => {});
    server.onPush.push((request) =>
      answer(request, () => ({
        status: 'conflict',
        outcome: 'conflict',
        version: 2,
        server_doc: { title: 'secret too' },
        resolved_doc: { title: 'secret too' },
      })),
    );
    server.onFeed.push(() =>
      page([
        { name: 'a', version: 2, seq: 8, deleted: true, data: null },
        { name: 'b', version: 2, seq: 9, deleted: true, reason: 'revoked', data: null },
      ]),
    );
    await client.sync();
    expect(client.list('Note').map(({ name }) => name)).toEqual(['c']);
    expect(JSON.stringify(client.queue())).not.toContain('secret');
  });

  test('a full resync keeps unsent edits and drops what did not come again', async () => {
    const { client, server } = await open();
    server.onFeed.push(() => page([{ name: 'stays' }, { name: 'goes' }]));
    await client.sync();
    await client.update('Note', 'goes', { title: 'mine' });
    server.onPush.push(() => offline());
    server.onPush.push((request) =>
      answer(request, () => ({
        status: 'error',
        outcome: 'rejected',
        version: 0,
        error: { code: 'DOCUMENT_NOT_FOUND', message: '', retry: false },
      })),
    );
    server.onFeed.push(
      () => {
        throw faultOf(410, { code: 'FULL_RESYNC_REQUIRED' });
      },
      () => page([{ name: 'stays' }], { has_more: true, next_since: 'c8' }),
      () => page([{ name: 'new', seq: 9 }], { next_since: 'c9' }),
    );
    await client.sync();
    expect(server.asked.feed.slice(2)).toMatchObject([
      { tombstones: true },
      { since: 'c8', tombstones: true },
    ]);
    expect(server.asked.feed[2]).not.toHaveProperty('since');
    expect(client.list('Note').map(({ name }) => name)).toEqual(['stays', 'new']);
    expect(client.queue()).toMatchObject([{ name: 'goes', state: 'failed' }]);
  });

  test('a reset forgets the copies of its doctype and keeps the edits', async () => {
    const { client, server } = await open();
    server.onFeed.push(() => page([{ name: 'a', data: { title: 'secret' } }]));
    await client.sync();
    server.onFeed.push(() =>
      page([], { resets: [{ doctype: 'Note', reason: 'revoked' }], next_since: 'c2' }),
    );
    await client.insert('Note', { title: 'mine' }, 'mine');
    server.onPush.push((request) =>
      answer(request, () => ({
        status: 'error',
        outcome: 'rejected',
        version: 0,
        error: { code: 'PERMISSION_DENIED', message: '', retry: false },
      })),
    );
    await client.sync();
    expect(client.list('Note').map(({ name }) => name)).toEqual(['mine']);
  });

  test('a cursor that does not advance is no endless loop', async () => {
    const { client, server } = await open();
    server.onFeed.push(...Array<() => FeedPage>(9).fill(() => page([], { has_more: true })));
    await expect(client.sync()).rejects.toMatchObject({ code: 'ANSWER_INVALID' });
  });
});

describe('losing the organization', () => {
  test('deletes everything of it, unsent edits too, and tells', async () => {
    const { client, server, store } = await open();
    server.onFeed.push(() => page([{ name: 'a', data: { title: 'secret' } }]));
    await client.sync();
    await client.update('Note', 'a', { title: 'mine' });
    const gone: string[] = [];
    client.onChange((changed) => gone.push(...changed.map(({ name }) => name)));
    server.onPush.push(() => {
      throw faultOf(403, { code: 'SYNC_REVOKED' });
    });
    await expect(client.sync()).rejects.toMatchObject({ code: 'REVOKED' });
    expect(client.status()).toMatchObject({ state: 'revoked', pending: 0 });
    expect(client.list('Note')).toEqual([]);
    expect(gone).toEqual(['a']);
    expect(JSON.stringify([...(await store.load())])).not.toMatch(/secret|mine/);
    await client.sync();
    expect(client.status().state).toBe('ready');
  });
});

describe('the handshake', () => {
  test('another protocol stops the client without loss', async () => {
    const { client, server } = await open();
    await client.insert('Note', { title: 'a' });
    server.onPush.push((request) => ({ ...answer(request), protocol: 2 }));
    await expect(client.sync()).rejects.toMatchObject({ code: 'OUTDATED' });
    expect(client.status()).toMatchObject({ state: 'outdated', pending: 1 });
  });

  test('a store of another organization or device is not opened', async () => {
    const { store } = await open();
    const { openClient } = await import('../../src/client/index.js');
    await expect(
      openClient({ transport: scripted(), store, organization: 'bolt', doctypes: [] }),
    ).rejects.toMatchObject({ code: 'STORE_FOREIGN' });
  });
});
