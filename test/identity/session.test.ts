import { describe, expect, test } from 'vitest';
import { challengeOf, nextStep, requireStrongSignIn, strictest } from '../../src/core/identity/index.js';
import { DartwingError } from '../../src/core/index.js';
import { codeOf, openWorld } from './world.js';

const world = openWorld();
const ana = { sub: 'ana', email: 'ana@acme.test' };

/** Makes a session look as if this much time had passed. */
const age = (column: 'last_seen_at' | 'started_at', seconds: number) =>
  world.database.admin.query(
    `update identity_session set ${column} = ${column} - make_interval(secs => $1)`,
    [seconds],
  );

describe('a session', () => {
  test('ends when nobody used it for half an hour, for good', async () => {
    const claims = { ...ana, sid: 'idle' };
    await world.enter(claims);
    await age('last_seen_at', 29 * 60 + 59);
    expect(await world.refusal(claims)).toBe('let in');
    await age('last_seen_at', 30 * 60 + 1);
    expect(await world.refusal(claims)).toBe('SESSION_ENDED');
    expect(await world.refusal(claims)).toBe('SESSION_ENDED');
    expect(await world.refusal({ ...ana, sid: 'next' })).toBe('let in');
  });

  test('ends after ten hours however much it is used', async () => {
    const claims = { ...ana, sid: 'long' };
    await world.enter(claims);
    await age('started_at', 36_001);
    expect(await world.refusal(claims)).toBe('SESSION_ENDED');
  });

  test('ends as early as the strictest of the organizations wants, also over refreshed tokens', async () => {
    const claims = { ...ana, sid: 'strict' };
    await world.dartwing.tenancy.update('acme', { session_timeout_minutes: 15 });
    await world.enter(claims);
    await age('last_seen_at', 14 * 60 + 58);
    expect(await world.refusal(claims)).toBe('let in');
    await age('last_seen_at', 15 * 60 + 1);
    expect(await world.refusal(claims)).toBe('SESSION_ENDED');
    await world.dartwing.tenancy.update('acme', { session_timeout_minutes: null });
  });

  test('is written at most every 30 seconds', async () => {
    const claims = { ...ana, sid: 'noted' };
    const seen = async () =>
      (await world.one<{ at: string }>('select max(last_seen_at)::text as at from identity_session'))?.at;
    await world.enter(claims);
    const first = await seen();
    await world.enter(claims);
    expect(await seen()).toBe(first);
    await age('last_seen_at', 31);
    await world.enter(claims);
    expect(await seen()).not.toBe(first);
  });

  test('ended by an administrator is ended in every process at once', async () => {
    const claims = { ...ana, sid: 'revoked' };
    const { principal } = await world.enter(claims);
    await world.dartwing.identity.revokeSessions(principal.id, { reason: 'laptop lost' });
    const token = await world.realm.sign(claims);
    expect(await codeOf(world.other.identity.authenticate({ authorization: `Bearer ${token}` }))).toBe(
      'SESSION_ENDED',
    );
    expect((await world.audited('session.end')).at(-1)).toMatchObject({ new: { reason: 'laptop lost' } });
    await world.database.admin.query('update identity_link set signed_out_at = null');
  });

  test('is begun once by many calls at the same time', async () => {
    const before = (await world.audited('session.start')).length;
    await Promise.all(Array.from({ length: 20 }, () => world.enter({ ...ana, sid: 'crowd' })));
    expect((await world.audited('session.start')).length - before).toBe(1);
  });

  test('keeps no id of the provider', async () => {
    await world.enter({ ...ana, sid: 'canary-of-the-session' });
    const row = await world.one<{ text: string }>(
      "select string_agg(s::text, ' ') as text from identity_session s",
    );
    expect(row?.text).not.toContain('canary');
  });

  test('without an id ends too, and a later sign-in begins another', () => {
    const now = new Date('2026-11-23T12:00:00Z');
    const row = { started_at: now, last_seen_at: now, revoked_at: null, revoke_reason: null };
    const bounds = { idleMs: 1000, sessionMs: 10_000 };
    const at = (ms: number) => new Date(now.getTime() + ms);
    expect(nextStep(row, { sid: undefined, issuedAt: at(500) }, bounds, at(1500)).step).toBe('ended');
    expect(nextStep(row, { sid: undefined, issuedAt: at(1400) }, bounds, at(1500)).step).toBe('begin');
    expect(nextStep(row, { sid: 'x', issuedAt: at(1400) }, bounds, at(1500)).step).toBe('ended');
    const wanted = { idle_minutes: 1, session_minutes: null };
    expect(strictest(bounds, wanted).idleMs).toBe(1000);
    expect(strictest({ ...bounds, idleMs: 90_000 }, wanted).idleMs).toBe(60_000);
    expect(strictest({ ...bounds, sessionMs: 90_000 }, { idle_minutes: null, session_minutes: 1 })).toEqual({
      idleMs: 1000,
      sessionMs: 60_000,
    });
  });
});

describe('an organization that requires a second factor', () => {
  test('sees only sign-ins that had one, whatever was asked for', async () => {
    await world.dartwing.tenancy.update('bolt', { mfa_required: true });
    const weak = { ...ana, sid: 'mfa', acr: '1', amr: ['pwd'] };
    expect(await world.refusal(weak, 'acme')).toBe('let in');
    expect(await world.refusal(weak, 'bolt')).toBe('MFA_REQUIRED');
    expect(await world.refusal({ ...weak, acr: undefined, amr: undefined }, 'bolt')).toBe('MFA_REQUIRED');
    expect(await world.refusal({ ...weak, acr: '2' }, 'bolt')).toBe('let in');
    expect(await world.refusal({ ...weak, amr: ['pwd', 'otp'] }, 'bolt')).toBe('let in');
    expect(await world.refusal({ ...weak, acr: '2', auth_time: undefined }, 'bolt')).toBe('MFA_REQUIRED');
  });

  test('says what it wants', () => {
    const now = new Date('2026-11-23T12:00:00Z');
    const old = { acr: '2', amr: [], authTime: new Date('2026-11-23T01:00:00Z') };
    expect(() => requireStrongSignIn(old, 'bolt', { acrValues: ['2', '3'] }, now)).toThrow(
      expect.objectContaining({
        code: 'MFA_REQUIRED',
        why: 'The sign-in is too long ago',
        params: expect.objectContaining({ acr_values: '2 3', max_age: 36_000 }),
      }),
    );
  });

  test('says it in the header of RFC 9470 too', () => {
    const error = new DartwingError('MFA_REQUIRED', {
      organization: 'bolt',
      reason: '',
      acr_values: '2',
      max_age: 60,
    });
    expect(challengeOf(error)).toBe(
      'Bearer error="insufficient_user_authentication", acr_values="2", max_age="60"',
    );
    expect(challengeOf(new DartwingError('UNAUTHENTICATED'))).toBe('Bearer');
  });
});
