import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDartwing } from '../../src/core/index.js';
import { testOptions } from '../support/database.js';
import { json, openQuirkyServer, type QuirkyServer, rotatingTokens } from './quirky-server.js';
import {
  connectByCode,
  dropPause,
  endIn,
  openTokenWorld,
  secretOf,
  type TokenWorld,
  tokenOptions,
} from './world.js';

let quirky: QuirkyServer;
let world: TokenWorld;
let count = 0;

beforeAll(async () => {
  quirky = await openQuirkyServer();
  const entry = quirky.entry({ health: { url: `http://${quirky.host}/me` } });
  // One for each test: breakers belong to a provider.
  const providers = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`quirky${index}`, entry]));
  world = await openTokenWorld({
    ...tokenOptions(providers, [quirky.host]),
    mail: { smtpUrl: 'smtp://127.0.0.1:9', from: 'no-reply@dartwing.test' },
  });
});
beforeEach(() => {
  quirky.requests.length = 0;
});

/** A connected provider of its own for each test. */
async function connected(tokens = rotatingTokens()) {
  count += 1;
  const name = `quirky${count}`;
  quirky.answer = tokens.answer;
  const { after } = await connectByCode(world, 'acme', name);
  quirky.requests.length = 0;
  const get = (dartwing = world.dartwing) => dartwing.tokens.get('acme', name);
  const age = (seconds: number) => endIn(world, after!.id, seconds);
  return { id: after!.id, name, tokens, get, age };
}

const stateOf = async (id: string) => (await world.dartwing.tokens.show('acme', id)).status;

/** Another process, as far as the database can tell. */
async function anotherProcess() {
  const dartwing = await createDartwing(testOptions(world.database, world.options));
  return { dartwing, [Symbol.asyncDispose]: () => dartwing.close() };
}

describe('a token', () => {
  it('T-K1 that is fresh comes from memory, without the provider and without the database', async () => {
    const { get } = await connected();
    const first = await get();
    expect(secretOf(first)).toBe('marker-access-1');
    const again = await Promise.all([get(), get(), get()]);
    expect(new Set(again)).toEqual(new Set([first]));
    expect(quirky.requests).toEqual([]);
    for (const seen of [JSON.stringify(first), String(first), (await import('node:util')).inspect(first)])
      expect(seen).not.toContain('marker');
  });

  it('T-K2 that ends in two minutes is renewed, and the rotated refresh token kept', async () => {
    const { get, age, id } = await connected();
    for (const serial of [2, 3]) {
      await age(120);
      expect(secretOf(await get())).toBe(`marker-access-${serial}`);
    }
    expect(await stateOf(id)).toMatchObject({ state: 'connected', failures: 0 });
    expect((await stateOf(id)).last_refreshed).not.toBeNull();
  });

  it('without an end is never renewed', async () => {
    const { get } = await connected({
      ...rotatingTokens(),
      answer: (_, response) => json(response, 200, { access_token: 'endless' }),
    });
    expect((await get()).expiresAt).toBeNull();
    expect(quirky.requests).toEqual([]);
  });

  it('that nothing can renew is said to be over at its end, once', async () => {
    const { get, age, id } = await connected({
      ...rotatingTokens(),
      answer: (_, response) => json(response, 200, { access_token: 'short', expires_in: 60 }),
    });
    expect(secretOf(await get())).toBe('short');
    await age(-1);
    await expect(get()).rejects.toMatchObject({ code: 'INTEGRATION_REAUTH_REQUIRED' });
    expect((await stateOf(id)).state).toBe('expired');
  });

  it('of a short life is used for two thirds of it', async () => {
    const { id } = await connected(rotatingTokens({ expiresIn: 90 }));
    const { rows } = await world.database.admin.query(
      'select extract(epoch from expires_at - stale_at)::int as margin from organization_integration where id = $1',
      [id],
    );
    expect(rows).toEqual([{ margin: 30 }]);
  });
});

describe('many callers', () => {
  it('T-K3 in two processes cause one renewal, and all get what it brought', async () => {
    const { get, age, tokens } = await connected();
    await using other = await anotherProcess();
    quirky.answer = (request, response) => void setTimeout(() => tokens.answer(request, response), 100);
    await age(-1);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => get(index % 2 === 0 ? undefined : other.dartwing)),
    );
    expect(new Set(answers.map(secretOf))).toEqual(new Set(['marker-access-2']));
    expect(quirky.requests).toHaveLength(1);
    expect(tokens.isOver()).toBe(false);
  });

  it('whom the provider refused with 401 cause one renewal of that version', async () => {
    const { get, name, tokens } = await connected();
    quirky.answer = (request, response) => {
      if (request.path === '/token') return tokens.answer(request, response);
      const isNew = request.headers.authorization === 'Bearer marker-access-2';
      json(response, isNew ? 200 : 401, { path: request.path });
    };
    await get();
    const call = () => world.dartwing.tokens.fetchAs('acme', name, `http://${quirky.host}/things`);
    const answers = await Promise.all(Array.from({ length: 10 }, call));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(quirky.requests.filter(({ path }) => path === '/token')).toHaveLength(1);
  });
});

describe('what a provider answers', () => {
  it('T-K4 invalid_grant: expired, administrators told once, no further call', async () => {
    const { get, age, id, name } = await connected();
    quirky.answer = (_, response) => json(response, 400, { error: 'invalid_grant' });
    await age(-1);
    for (const _ of [1, 2])
      await expect(get()).rejects.toMatchObject({
        code: 'INTEGRATION_REAUTH_REQUIRED',
        kind: 'precondition',
      });
    expect(quirky.requests).toHaveLength(1);
    expect(await stateOf(id)).toMatchObject({ state: 'expired', error_code: 'invalid_grant' });
    const { rows } = await world.database.admin.query(
      'select recipient, template from outgoing_mail where about = $1',
      [`integration/${id}`],
    );
    expect(rows).toEqual([{ recipient: 'ana@acme.test', template: 'integration-expired' }]);
    const told = await world.database.admin.query(
      "select event from realtime_outbox where event ->> 'event' = 'integration_expired' and event -> 'message' ->> 'integration' = $1",
      [id],
    );
    const message = { organization: world.acme, integration: id, provider: name, account: 'default' };
    expect(told.rows).toMatchObject([{ event: { to: { user: 'ana@acme.test' }, message } }]);
    quirky.answer = rotatingTokens({ marker: 'anew' }).answer;
    expect((await connectByCode(world, 'acme', name)).after).toMatchObject({
      id,
      status: { state: 'connected' },
    });
    expect(secretOf(await get())).toBe('anew-access-1');
  });

  it.each([
    ['nothing', undefined, 'no_answer'],
    ['500', [500, 'oops'], 'http_500'],
    ['429 with a pause', [429, '{}'], 'http_429'],
    ['truncated JSON', [200, '{"access_token":"marker'], 'http_200'],
    ['HTML', [403, '<html>no</html>'], 'http_403'],
    ['invalid_client', [401, '{"error":"invalid_client"}'], 'invalid_client'],
  ] as const)('T-K5 %s: error, served while it is good, tried again later', async (_, answer, code) => {
    const { get, age, id, tokens } = await connected();
    quirky.answer = (_request, response) => {
      if (answer === undefined) response.destroy();
      else response.writeHead(answer[0], { 'retry-after': '120' }).end(answer[1]);
    };
    await age(60);
    expect(secretOf(await get())).toBe('marker-access-1');
    expect(quirky.requests).toHaveLength(1);
    const state = await stateOf(id);
    expect(state).toMatchObject({ state: 'error', error_code: code, failures: 1 });
    expect(Date.parse(state.next_attempt_at!)).toBeGreaterThan(
      Date.now() + (code === 'http_429' ? 100_000 : 1_000),
    );
    expect(secretOf(await get())).toBe('marker-access-1');
    await age(-1);
    await expect(get()).rejects.toMatchObject({ code: 'INTEGRATION_UNAVAILABLE' });
    expect(quirky.requests).toHaveLength(1);
    quirky.answer = tokens.answer;
    await dropPause(world, id);
    expect(secretOf(await get())).toBe('marker-access-2');
    expect(await stateOf(id)).toMatchObject({ state: 'connected', failures: 0, error_code: null });
  });

  it('something unreadable three times counts as refused', async () => {
    const { get, age, id } = await connected();
    quirky.answer = (_, response) => void response.writeHead(400).end('<html>');
    await age(-1);
    for (const code of [
      'INTEGRATION_UNAVAILABLE',
      'INTEGRATION_UNAVAILABLE',
      'INTEGRATION_REAUTH_REQUIRED',
    ]) {
      await dropPause(world, id);
      await expect(get()).rejects.toMatchObject({ code });
    }
    expect((await stateOf(id)).state).toBe('expired');
  });

  it('failures in a row keep a process from asking for a while', async () => {
    const { get, age, id } = await connected();
    quirky.answer = (_, response) => json(response, 503, {});
    await age(-1);
    for (let failure = 0; failure < 8; failure += 1) {
      await dropPause(world, id);
      await expect(get()).rejects.toMatchObject({ code: 'INTEGRATION_UNAVAILABLE' });
    }
    expect(quirky.requests).toHaveLength(5);
    const { findings } = await world.dartwing.tokens.health('acme', [id]);
    expect(findings).toMatchObject([{ id, severity: 'fail' }]);
    await using other = await anotherProcess();
    quirky.answer = rotatingTokens().answer;
    // Another process has a breaker of its own.
    expect((await other.dartwing.tokens.refresh('acme', [id])).failed).toMatchObject([
      { error: { code: 'INTEGRATION_REAUTH_REQUIRED' } },
    ]);
  });
});

describe('an answer that comes too late', () => {
  it('is kept, and taken when whoever took over was refused', async () => {
    const { get, age, id, tokens } = await connected();
    let late: (() => void) | undefined;
    quirky.answer = (request, response) => {
      if (late === undefined) late = () => tokens.answer(request, response);
      else json(response, 400, { error: 'invalid_grant' });
    };
    await age(-1);
    const first = get();
    await expect.poll(() => late).toBeDefined();
    // The first process is away for longer than its lease.
    await world.database.admin.query(
      "update organization_integration set lease_until = clock_timestamp() - interval '1 s' where id = $1",
      [id],
    );
    await using other = await anotherProcess();
    await expect(get(other.dartwing)).rejects.toMatchObject({ code: 'INTEGRATION_REAUTH_REQUIRED' });
    late!();
    expect(secretOf(await first)).toBe('marker-access-2');
    expect((await stateOf(id)).state).toBe('connected');
    quirky.answer = tokens.answer;
    await age(-1);
    await expect.poll(() => get(other.dartwing).then(secretOf)).toBe('marker-access-3');
  });

  it('is kept while the other still asks, and taken after the other was refused', async () => {
    const { get, age, id, tokens } = await connected();
    const held: (() => void)[] = [];
    quirky.answer = (request, response) => {
      const refuse = () => json(response, 400, { error: 'invalid_grant' });
      held.push(held.length === 0 ? () => tokens.answer(request, response) : refuse);
    };
    await age(-1);
    const first = get();
    await expect.poll(() => held.length).toBe(1);
    await world.database.admin.query(
      "update organization_integration set lease_until = clock_timestamp() - interval '1 s' where id = $1",
      [id],
    );
    await using other = await anotherProcess();
    const second = get(other.dartwing);
    await expect.poll(() => held.length).toBe(2);
    held[0]!();
    await expect
      .poll(async () => {
        const { rows } = await world.database.admin.query(
          'select from refresh_attempt where integration = $1 and orphan is not null',
          [id],
        );
        return rows.length;
      })
      .toBe(1);
    held[1]!();
    expect((await Promise.all([first, second])).map(secretOf)).toEqual([
      'marker-access-2',
      'marker-access-2',
    ]);
    const { rows } = await world.database.admin.query(
      'select outcome from refresh_attempt where integration = $1 order by started_at',
      [id],
    );
    expect(rows.map(({ outcome }) => outcome)).toEqual(['adopted', 'reauthorize']);
  });

  it('is dropped when somebody disconnected meanwhile', async () => {
    const { get, age, id, tokens } = await connected();
    let late: (() => void) | undefined;
    quirky.answer = (request, response) => {
      late = () => tokens.answer(request, response);
    };
    await age(-1);
    const first = get();
    await expect.poll(() => late).toBeDefined();
    await world.database.admin.query(
      'update organization_integration set lease_until = clock_timestamp() where id = $1',
      [id],
    );
    await world.dartwing.tokens.revoke('acme', id);
    late!();
    await expect(first).rejects.toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
    const { rows } = await world.database.admin.query('select from refresh_attempt where integration = $1', [
      id,
    ]);
    expect(rows).toEqual([]);
  });
});

describe('the schedule', () => {
  it('T-K6 renews what ends within ten minutes, tries errors again, and leaves the rest', async () => {
    const soon = await connected(rotatingTokens({ marker: 'soon' }));
    await soon.age(480);
    const later = await connected();
    await later.age(900);
    // Others of this file are due as well.
    quirky.answer = (request, response) => {
      if (request.form.get('refresh_token')?.startsWith('soon')) soon.tokens.answer(request, response);
      else json(response, 503, {});
    };
    expect(await world.dartwing.tokens.due()).toContain(world.acme);
    const outcome = await world.dartwing.tokens.refreshDue(world.acme);
    expect(outcome.renewed).toBeGreaterThanOrEqual(1);
    expect((await stateOf(soon.id)).last_refreshed).not.toBeNull();
    expect((await stateOf(later.id)).last_refreshed).toBeNull();
    expect(await world.dartwing.tokens.refreshDue(world.beech)).toEqual({ renewed: 0, failed: 0 });
  });

  it('is one of the system and hands each organization a job', async () => {
    const soon = await connected(rotatingTokens({ marker: 'next' }));
    await soon.age(480);
    quirky.answer = (request, response) => {
      if (request.form.get('refresh_token')?.startsWith('next')) soon.tokens.answer(request, response);
      else json(response, 503, {});
    };
    const { schedules, list } = world.dartwing.jobs;
    await schedules.run('tokens.refresh', { reason: 'test' });
    const { items } = await list({ organization: 'acme', type: 'token.refresh' });
    expect(items).toHaveLength(1);
    const worker = world.dartwing.jobs.work({ queues: ['critical'] });
    await expect
      .poll(async () => (await stateOf(soon.id)).last_refreshed, { timeout: 10_000 })
      .not.toBeNull();
    await worker.stop();
    expect((await schedules.list()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['tokens.refresh', 'tokens.health', 'tokens.cleanup', 'keys.rotation']),
    );
  });
});

describe('health', () => {
  it('asks the provider, not more than once a minute, and counts failures in a row', async () => {
    const { id, tokens } = await connected();
    let status = 200;
    quirky.answer = (request, response) =>
      request.path === '/me' ? json(response, status, {}) : tokens.answer(request, response);
    const check = () => world.dartwing.tokens.health('acme', [id]);
    expect(await check()).toEqual({ findings: [], checked: 1 });
    await check();
    expect(quirky.requests.map(({ path }) => path)).toEqual(['/me']);
    status = 500;
    for (const severity of ['warn', 'warn', 'fail']) {
      await world.database.admin.query(
        'update organization_integration set last_health_at = null where id = $1',
        [id],
      );
      expect((await check()).findings).toMatchObject([{ id, severity }]);
    }
    expect((await stateOf(id)).health).toBe('degraded');
  });
});
