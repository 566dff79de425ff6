import { describe, expect, it } from 'vitest';
import type { Publication } from '../../src/core/realtime/index.js';
import { type Client, openWorld, until } from './world.js';

/** How far the servers' clock is ahead, for the ends of tokens. */
let aheadMs = 0;
const clock = {
  now: () => new Date(Date.now() + aheadMs),
  monotonicMs: () => performance.now(),
};
const world = openWorld(2, { server: { realtime: { callerSocketsMax: 8 }, clock } });

async function task(title: string, owner?: string): Promise<string> {
  const { after } = await world.dartwing.documents.create('acme', 'Task', {
    data: { title, status: 'Open', ...(owner === undefined ? {} : { assigned_to: owner }) },
  });
  return after!.name;
}

const publish = (publication: Publication, organization = 'acme') =>
  world.dartwing.realtime.publish(organization, publication);

/** Everything that was on its way to some clients of the organization has arrived. */
async function settled(...clients: Client[]): Promise<void> {
  const marker = `marker-${performance.now()}`;
  await publish({ event: 'marker', message: marker });
  for (const client of clients)
    await until(() => client.of('marker').some(({ message }) => message === marker), 'the marker');
}

describe('a socket', () => {
  it('is told who it is and which organizations it hears', async () => {
    const ana = await world.connect('ana@acme.test');
    expect(ana.ready).toMatchObject({ organizations: [world.acme], account: 'ana@acme.test' });
    expect(Date.parse(ana.ready.expires_at!)).toBeGreaterThan(Date.now());
  });

  it('is refused without a token, with a wrong one, and to a page of another origin', async () => {
    await expect(world.connectWith({})).rejects.toMatchObject({ data: { code: 'UNAUTHENTICATED' } });
    await expect(world.connectWith({ token: 'x.y.z' })).rejects.toMatchObject({
      data: { code: expect.stringMatching(/^TOKEN_/) },
    });
    const token = await world.token('ana@acme.test');
    const fromPage = { extraHeaders: { origin: 'https://evil.test' } };
    await expect(world.connectWith({ token }, undefined, fromPage)).rejects.toThrow();
  });

  it('hears on any node that a document changed, once, and nothing of its content', async () => {
    const clients = await Promise.all([
      world.connect('ana@acme.test', world.nodes[0]!.url),
      world.connect('emil@acme.test', world.nodes[1]!.url),
    ]);
    for (const client of clients)
      expect(await client.ask('subscribe', 'sync:Task:acme')).toMatchObject({ ok: true });
    const name = await task('amaranth');
    await settled(...clients);
    for (const client of clients) {
      expect(client.of('delta').map(({ message }) => message)).toMatchObject([
        { organization: world.acme, doctype: 'Task', name, op: 'insert', deleted: false, version: 1 },
      ]);
      expect(JSON.stringify(client.heard)).not.toContain('amaranth');
    }
  });

  it('hears of records of other rooms as of documents', async () => {
    const ana = await world.connect('ana@acme.test', world.nodes[1]!.url);
    await ana.ask('subscribe', { channel: `sync:Equipment:${world.acme}` });
    const { after } = await world.dartwing.equipment.create('acme', { equipment_name: 'Crane' });
    await until(() => ana.of('delta').length > 0, 'the delta');
    expect(ana.of('delta')[0]!.message).toMatchObject({ doctype: 'Equipment', name: after!.id });
  });

  it('T-W7 hears nothing of a dry run, and nothing more of a channel it left', async () => {
    const ana = await world.connect('ana@acme.test');
    await ana.ask('subscribe', 'sync:Task:acme');
    await world.dartwing.documents.create(
      'acme',
      'Task',
      { data: { title: 'x', status: 'Open' } },
      { dryRun: true },
    );
    await world.dartwing.realtime.publish('acme', { event: 'rehearsal', message: 1 }, { dryRun: true });
    await settled(ana);
    expect([ana.of('delta'), ana.of('rehearsal')]).toEqual([[], []]);
    await ana.ask('unsubscribe', 'sync:Task:acme');
    await task('unheard');
    await settled(ana);
    expect(ana.of('delta')).toEqual([]);
  });

  it('hears each change of a batch once', async () => {
    const ana = await world.connect('ana@acme.test');
    await ana.ask('subscribe', 'sync:Note:acme');
    const operations = Array.from({ length: 60 }, (_, index) => ({
      id: `op-${index}`,
      op: 'insert' as const,
      doctype: 'Note',
      name: `N-${index}`,
      data: { title: `n ${index}` },
    }));
    await world.dartwing.sync.push('acme', { device: 'd1', operations } as never);
    await until(() => ana.of('delta').length === 60, 'all deltas');
    await settled(ana);
    expect(new Set(ana.of('delta').map(({ id }) => id)).size).toBe(60);
  });
});

describe('a channel', () => {
  it('T-W3 is refused to others in the same words as one that is not there', async () => {
    const bo = await world.connect('bo@bolt.test');
    const name = await task('secret');
    const refusal = async (given: unknown) => {
      const answer = await bo.ask('subscribe', given);
      return [answer.error?.code, answer.error?.message.replace(/channel .* that/, 'channel * that')];
    };
    const unknown = await refusal('doc:Task:TASK-none');
    expect(unknown[0]).toBe('CHANNEL_DENIED');
    for (const channel of [
      `doc:Task:${name}`,
      'org:acme',
      `org:${world.acme}`,
      'org:nobody',
      'sync:Task:acme',
      `sync:Task:${world.acme}`,
      'sync:Nonsense:acme',
      'user:ana@acme.test',
      'admin:jobs',
      'job:JOB-2026-00001',
    ])
      expect([channel, await refusal(channel)]).toEqual([channel, unknown]);
    for (const organization of ['acme', world.acme])
      for (const channel of [`doc:Task:${name}`, 'room:standup'])
        expect(await refusal({ channel, organization })).toEqual(unknown);
  });

  it('is refused whatever its name looks like, and the socket stays', async () => {
    const bo = await world.connect('bo@bolt.test');
    for (const channel of [
      'org:*',
      'org:',
      'doc:Task:../',
      'doc::x',
      'sync:Task:acme:bolt',
      `${world.acme}|org`,
      'user:ana@acme.test|x',
      'room:a|b',
      'doc:Task:\u0000',
      'doc:Task:\ud800',
      '__proto__',
      'x'.repeat(399),
    ])
      expect([channel, (await bo.ask('subscribe', { channel })).ok]).toEqual([channel, undefined]);
    for (const given of [
      null,
      7,
      [],
      {},
      { channel: 7 },
      { channel: 'x'.repeat(500) },
      { channel: 'org:bolt', more: 1 },
    ])
      expect((await bo.ask('subscribe', given)).error?.code).toBe('VALIDATION_ERROR');
    expect(await bo.ask('subscribe', 'org:bolt')).toMatchObject({ ok: true, organization: world.bolt });
    await publish({ event: 'news', message: 'of acme' });
    await publish({ event: 'news', message: 'of bolt' }, 'bolt');
    await until(() => bo.of('news').length > 0, 'news');
    expect(bo.of('news').map(({ message }) => message)).toEqual(['of bolt']);
  });

  it('T-W2 of a user is private, and of an organization only for its members', async () => {
    const [ana, emil, bo] = [
      await world.connect('ana@acme.test'),
      await world.connect('emil@acme.test', world.nodes[1]!.url),
      await world.connect('bo@bolt.test'),
    ];
    expect(await ana.ask('subscribe', 'user:emil@acme.test')).toMatchObject({
      error: { code: 'CHANNEL_DENIED' },
    });
    expect(await emil.ask('subscribe', 'user:Emil@acme.test')).toMatchObject({ ok: true });
    await publish({ event: 'mention', message: 1, user: 'emil@acme.test' });
    // Somebody of another organization is named: nobody hears it.
    await publish({ event: 'mention', message: 2, user: 'bo@bolt.test' });
    await settled(ana, emil);
    await world.dartwing.realtime.publish('bolt', { event: 'end', message: 0 });
    await until(() => bo.of('end').length === 1, 'the end');
    expect([ana, emil, bo].map((client) => client.of('mention').map(({ message }) => message))).toEqual([
      [],
      [1],
      [],
    ]);
  });

  it('shows somebody who reads their own only what is theirs', async () => {
    await world.dartwing.people.member.add('acme', 'cy@acme.test', 'Contractor');
    const cy = await world.connect('cy@acme.test');
    const { rows } = await world.database.admin.query(
      `select id from person where primary_email = 'cy@acme.test'`,
    );
    expect(await cy.ask('subscribe', 'sync:Task:acme')).toMatchObject({ ok: true });
    const foreign = await task('not mine');
    const mine = await task('mine');
    await world.database.admin.query(`update document set owner = $1 where name = $2`, [rows[0].id, mine]);
    expect((await cy.ask('subscribe', `doc:Task:${foreign}`)).error?.code).toBe('CHANNEL_DENIED');
    expect(await cy.ask('subscribe', `doc:Task:${mine}`)).toMatchObject({ ok: true });
    for (const name of [mine, foreign])
      await world.dartwing.documents.update('acme', 'Task', name, { status: 'Done' });
    await settled(cy);
    expect(cy.of('delta').map(({ message }) => message.name)).toEqual([mine]);
  });

  it('takes events of the shape that programs publish, and of no other', async () => {
    const ana = await world.connect('ana@acme.test');
    await ana.ask('subscribe', { channel: 'room:standup' });
    for (const room of ['standup', 'room:standup', 'org:acme'])
      await publish({ event: 'note', message: { room }, room });
    await publish({
      event: 'note',
      message: { room: 'document' },
      doctype: 'Task',
      docname: 'nobody listens',
    });
    await settled(ana);
    expect(ana.of('note').map(({ message }) => message.room)).toEqual([
      'standup',
      'room:standup',
      'org:acme',
    ]);
    for (const wrong of [
      { event: 'delta', message: 1 },
      { event: 'disconnect', message: 1 },
      { event: 'Note', message: 1 },
      { event: 'note', message: 'x'.repeat(70_000) },
      { event: 'note', message: 1, room: 'org:bolt' },
      { event: 'note', message: 1, room: `sync:Task:${world.bolt}` },
      { event: 'note', message: 1, room: 'admin:jobs' },
    ] as Publication[])
      await expect(publish(wrong)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    const emil = { principal: { type: 'person' as const, id: await personId('emil@acme.test') } };
    await expect(
      world.dartwing.realtime.publish('acme', { event: 'note', message: 1 }, emil),
    ).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });
});

async function personId(email: string): Promise<string> {
  const { rows } = await world.database.admin.query('select id from person where primary_email = $1', [
    email,
  ]);
  return rows[0].id;
}

describe('a program', () => {
  it('hears with an API key what its permissions name', async () => {
    const keyOf = async (permissions: string[]) => {
      const input = { name: permissions.join(), environment: 'production' as const, permissions };
      const { change, secret } = await world.dartwing.identity.apiKeys.create('acme', input);
      return { id: change.after!.id, key: `${change.after!.id}:${secret}` };
    };
    const [narrow, wide] = [await keyOf(['Task:read']), await keyOf(['*:*'])];
    const [task, all] = [
      await world.connectWith({ key: narrow.key }),
      await world.connectWith({ key: wide.key }),
    ];
    expect([task.ready.organizations, all.ready.organizations]).toEqual([[], [world.acme]]);
    expect(await task.ask('subscribe', 'sync:Task:acme')).toMatchObject({ ok: true });
    for (const channel of ['sync:Note:acme', 'org:acme', 'org:bolt', 'sync:Task:bolt'])
      expect((await task.ask('subscribe', channel)).error?.code, channel).toBe('CHANNEL_DENIED');
    await world.dartwing.identity.apiKeys.revoke('acme', wide.id);
    await until(() => all.socket.disconnected, 'the end of a revoked key');
    expect(all.of('auth_expired')).toHaveLength(1);
    expect(task.socket.connected).toBe(true);
  });
});

describe('presence', () => {
  it('tells on every node who came, and who left with the last socket', async () => {
    const ana = await world.connect('ana@acme.test', world.nodes[0]!.url);
    const name = await task('looked at');
    const look = { channel: `doc:Task:${name}`, presence: true };
    expect(await ana.ask('subscribe', look)).toMatchObject({ ok: true, present: ['ana@acme.test'] });
    const first = await world.connect('emil@acme.test', world.nodes[1]!.url);
    const second = await world.connect('emil@acme.test', world.nodes[0]!.url);
    expect(await first.ask('subscribe', look)).toMatchObject({
      present: ['ana@acme.test', 'emil@acme.test'],
    });
    await second.ask('subscribe', look);
    await first.socket.disconnect();
    await settled(ana);
    await second.ask('unsubscribe', look.channel);
    await until(() => ana.of('presence').some(({ message }) => message.action === 'leave'), 'the leave');
    expect(
      ana
        .of('presence')
        .filter(({ message }) => message.user === 'emil@acme.test')
        .map(({ message }) => message.action),
    ).toEqual(['join', 'leave']);
  });
});

describe('limits', () => {
  it('bound the sockets of a caller, the channels and the messages of a socket', async () => {
    const many = await Promise.all(Array.from({ length: 8 }, () => world.connect('bo@bolt.test')));
    await expect(world.connect('bo@bolt.test')).rejects.toMatchObject({ data: { code: 'REALTIME_LIMIT' } });
    const [bo] = many as [Client];
    const wrong: unknown[] = [];
    bo.socket.on('refused', (refused) => wrong.push(refused));
    for (let index = 0; index < 70; index++) bo.socket.emit('shout', index);
    await until(() => wrong.length > 60, 'refusals');
    expect(wrong).toContainEqual(expect.objectContaining({ code: 'RATE_LIMITED' }));
    expect(bo.socket.connected).toBe(true);
    for (let index = 0; index < 250; index++) bo.socket.emit('shout', index);
    await until(() => bo.socket.disconnected, 'the end of who shouts');
    expect(many[1]!.socket.connected).toBe(true);
  });

  it('close a socket when its token ends, unless it went on with another', async () => {
    const [left, stays] = [await world.connect('ana@acme.test'), await world.connect('ana@acme.test')];
    const foreign = await stays.ask('refresh', { token: await world.token('bo@bolt.test') });
    expect(foreign.error?.code).toBe('PERMISSION_DENIED');
    expect(await stays.ask('refresh', { token: 'x' })).toHaveProperty('error');
    const longer = await world.token('ana@acme.test', { exp: Math.floor(Date.now() / 1_000) + 3_600 });
    expect(await stays.ask('refresh', { token: longer })).toMatchObject({ ok: true });
    aheadMs = 1_800_000;
    await until(() => left.socket.disconnected, 'the end of the token');
    expect(left.of('auth_expired')).toHaveLength(1);
    expect(stays.socket.connected).toBe(true);
    aheadMs = 0;
  });
});
