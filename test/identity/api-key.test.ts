import { describe, expect, test } from 'vitest';
import { codeOf, openWorld } from './world.js';

const world = openWorld();
const input = { name: 'Till', environment: 'production' as const, permissions: ['Equipment:read', '*:read'] };

async function make(organization = 'acme') {
  const { change, secret } = await world.dartwing.identity.apiKeys.create(organization, input);
  return { id: change.after!.id, secret: secret! };
}
const call = (
  authorization: string,
  more: { organization?: string; address?: string } = {},
  process = world.dartwing,
) => process.identity.authenticate({ authorization, ...more });
const forget = () => world.database.admin.query('delete from sign_in_failure');
const wrongSecret = 'A'.repeat(43);

describe('an API key', () => {
  test('opens its organization in both forms, with its permissions and nothing more', async () => {
    const { id, secret } = await make();
    expect(id).toMatch(/^dw_production_[a-z2-7]{16}$/);
    for (const header of [`token ${id}:${secret}`, `Bearer ${id}.${secret}`, `bearer ${id}.${secret}`]) {
      expect(await call(header, { organization: 'acme' })).toEqual({
        principal: {
          type: 'service',
          id: `apikey:${id}`,
          key: { organization: expect.stringMatching(/^ORG-/), permissions: ['*:read', 'Equipment:read'] },
        },
        environment: 'production',
      });
    }
    expect(await codeOf(call(`token ${id}:${secret}`, { organization: 'bolt' }))).toBe('PERMISSION_DENIED');
  });

  test('T-D4 acts within its permissions and its organization only', async () => {
    const { id, secret } = await make();
    const { principal } = await call(`token ${id}:${secret}`);
    const { tenancy, identity } = world.dartwing;
    expect(await codeOf(tenancy.show('acme', { principal }))).toBe('let in');
    const refused = [
      () => tenancy.show('bolt', { principal }),
      () => tenancy.update('acme', { name: 'Acme 2' }, { principal }),
      () => tenancy.suspend('acme', {}, { principal, reason: 'x' }),
      () => tenancy.create({ slug: 'mine', type: 'company' }, { principal }),
      () => identity.apiKeys.create('acme', input, { principal }),
      () => identity.apiKeys.list('bolt', {}, { principal }),
      () => identity.revokeSessions('PERSON-2026-00001', { principal }),
    ];
    for (const attempt of refused) expect(await codeOf(attempt())).toBe('PERMISSION_DENIED');
  });

  test('T-D4 is kept as a hash: its secret is nowhere in the database or the audit trail', async () => {
    const { id, secret } = await make();
    const { rows } = await world.database.admin.query<{ name: string }>(
      "select c.relname as name from pg_class c where c.relnamespace = 'dartwing'::regnamespace and c.relkind = 'r'",
    );
    for (const { name } of rows) {
      const { rows: found } = await world.database.admin.query(
        `select 1 from ${name} t where t::text like $1 or t::text like $2`,
        [`%${secret}%`, `%${Buffer.from(secret).toString('hex')}%`],
      );
      expect(found, name).toEqual([]);
    }
    const entries = JSON.stringify(await world.audited('apikey.create'));
    expect(entries).toContain(id);
    expect(entries).not.toContain(secret);
  });

  test('an answer that an idempotency key keeps holds no secret', async () => {
    const once = { idempotencyKey: 'make-till' };
    const first = await world.dartwing.identity.apiKeys.create('acme', input, once);
    const second = await world.dartwing.identity.apiKeys.create('acme', input, once);
    expect(second.change.after).toEqual(first.change.after);
    expect(second.secret).toBeUndefined();
    const kept = await world.one<{ text: string }>(
      "select string_agg(i::text, ' ') as text from idempotency i",
    );
    expect(kept?.text).toContain('make-till');
    expect(kept?.text).not.toContain(first.secret);
    expect(kept?.text).not.toContain(Buffer.from(first.secret!).toString('hex'));
  });

  test('rotated opens with both secrets until the grace is over', async () => {
    const { id, secret } = await make();
    const { secret: next } = await world.dartwing.identity.apiKeys.rotate('acme', id, { graceMs: 60_000 });
    expect(await codeOf(call(`token ${id}:${secret}`))).toBe('let in');
    expect(await codeOf(call(`token ${id}:${next}`))).toBe('let in');
    await world.database.admin.query(
      "update api_key set former_until = now() - interval '1 second' where id = $1",
      [id],
    );
    expect(await codeOf(call(`token ${id}:${secret}`))).toBe('API_KEY_INVALID');
    const { secret: last } = await world.dartwing.identity.apiKeys.rotate('acme', id, { graceMs: 0 });
    await forget();
    expect(await codeOf(call(`token ${id}:${next}`))).toBe('API_KEY_INVALID');
    expect(await codeOf(call(`token ${id}:${last}`))).toBe('let in');
  });

  test('T-D4 revoked is closed at once in the other process, and revoking it again changes nothing', async () => {
    const { id, secret } = await make();
    expect(await codeOf(call(`token ${id}:${secret}`, {}, world.other))).toBe('let in');
    expect(await world.dartwing.identity.apiKeys.revoke('acme', id)).toMatchObject({
      op: 'delete',
      after: { status: { state: 'revoked' } },
    });
    expect(await codeOf(call(`token ${id}:${secret}`, {}, world.other))).toBe('API_KEY_REVOKED');
    expect(await world.dartwing.identity.apiKeys.revoke('acme', id)).toMatchObject({
      op: 'none',
      audit: null,
    });
    expect(await codeOf(world.dartwing.identity.apiKeys.rotate('acme', id))).toBe('API_KEY_REVOKED');
  });

  test('expires, and is closed while its organization is suspended', async () => {
    const { id, secret } = await make('bolt');
    await world.dartwing.tenancy.suspend('bolt', {}, { reason: 'unpaid' });
    expect(await codeOf(call(`token ${id}:${secret}`))).toBe('SIGN_IN_REFUSED');
    await world.dartwing.tenancy.restore('bolt', { reason: 'paid' });
    expect(await codeOf(call(`token ${id}:${secret}`))).toBe('let in');
    await world.database.admin.query('update api_key set expires_at = now() where id = $1', [id]);
    expect(await codeOf(call(`token ${id}:${secret}`))).toBe('API_KEY_EXPIRED');
  });

  test('is not found from another organization', async () => {
    const { id } = await make();
    const { apiKeys } = world.dartwing.identity;
    for (const verb of ['show', 'rotate', 'revoke'] as const)
      expect(await codeOf(apiKeys[verb]('bolt', id))).toBe('API_KEY_NOT_FOUND');
    expect((await apiKeys.list('bolt')).items.map((key) => key.id)).not.toContain(id);
    const seen = await world.dartwing.asOrg('bolt', (tx) =>
      tx.query('select id from api_key where id = $1', [id]),
    );
    expect(seen.rows).toEqual([]);
  });

  test("its hash is not for its organization's own transactions either", async () => {
    const look = world.dartwing.asOrg('acme', (tx) => tx.query('select secret_hash from api_key'));
    await expect(look).rejects.toMatchObject({ kind: 'forbidden' });
  });

  test('tells when and how often it was used', async () => {
    const { id, secret } = await make();
    await call(`token ${id}:${secret}`);
    await call(`token ${id}:${secret}`);
    const day = new Date().toISOString().slice(0, 10);
    expect(await world.dartwing.identity.apiKeys.usage('acme', id)).toMatchObject({
      last_used_at: expect.stringMatching(/^2/),
      days: [{ day, uses: 1 }],
    });
  });

  test.each([
    ['no permission', { permissions: [] }],
    ['a permission that is none', { permissions: ['everything'] }],
    ['a permission of operators', { permissions: ['*:administer'] }],
    ['an unknown environment', { environment: 'test' as 'sandbox' }],
    ['a blank name', { name: ' ' }],
    ['an end in the past', { expiresAt: new Date('2020-01-01') }],
  ])('with %s is not made', async (_, more) => {
    expect(await codeOf(world.dartwing.identity.apiKeys.create('acme', { ...input, ...more }))).toBe(
      'VALIDATION_ERROR',
    );
  });
});

describe('guessing', () => {
  test('waits from the fifth failure on, in every process, also for the right secret', async () => {
    await forget();
    const { id, secret } = await make();
    const guesses: string[] = [];
    for (let guess = 0; guess < 8; guess++) {
      const process = guess % 2 === 0 ? world.dartwing : world.other;
      guesses.push(await codeOf(call(`token ${id}:${wrongSecret}`, {}, process)));
      // As if the guesses were not a second apart, which would wait at once.
      await world.database.admin.query(
        "update sign_in_failure set last_failure_at = last_failure_at - interval '2 s'",
      );
      if (guess < 4) await world.database.admin.query('update sign_in_failure set wait_until = null');
    }
    expect(guesses).toEqual([...Array(5).fill('API_KEY_INVALID'), ...Array(3).fill('SIGN_IN_LIMITED')]);
    await expect(call(`token ${id}:${secret}`)).rejects.toMatchObject({
      code: 'SIGN_IN_LIMITED',
      retryAfterMs: expect.toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000),
    });
    await world.database.admin.query('update sign_in_failure set wait_until = now()');
    expect(await codeOf(call(`token ${id}:${secret}`))).toBe('let in');
  });

  test('two failures within a second wait at once', async () => {
    await forget();
    const { id } = await make();
    expect(await codeOf(call(`token ${id}:${wrongSecret}`))).toBe('API_KEY_INVALID');
    expect(await codeOf(call(`token ${id}:${wrongSecret}`))).toBe('API_KEY_INVALID');
    expect(await codeOf(call(`token ${id}:${wrongSecret}`))).toBe('SIGN_IN_LIMITED');
  });

  test('many ids from one address make the address wait, and it alone', async () => {
    await forget();
    const { id, secret } = await make();
    for (let n = 0; n < 50; n++) {
      const unknown = `dw_production_${'a'.repeat(14)}${'abcdefghij'[n % 10]}${'abcde'[Math.floor(n / 10)]}`;
      expect(await codeOf(call(`token ${unknown}:${wrongSecret}`, { address: '203.0.113.7' }))).toBe(
        'API_KEY_INVALID',
      );
    }
    expect(await codeOf(call(`token ${id}:${secret}`, { address: '203.0.113.7' }))).toBe('SIGN_IN_LIMITED');
    expect(await codeOf(call(`token ${id}:${secret}`, { address: '203.0.113.8' }))).toBe('let in');
  });

  test.each([
    'token x:y',
    'token dw_production_x',
    'Bearer dw_x',
    "token dw_production_aaaaaaaaaaaaaaaa:' or 1=1",
  ])('what is no key is refused without a look: %s', async (header) => {
    expect(['API_KEY_INVALID', 'UNAUTHENTICATED']).toContain(await codeOf(call(header)));
  });
});
