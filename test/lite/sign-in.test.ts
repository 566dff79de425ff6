/** Signing in with a password: requirements §7.3, §7.5 and §7.6 without a provider. */
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { createDartwing } from '../../src/core/index.js';
import { testOptions } from '../support/database.js';
import { cheap, codeAt, codeOf, openLiteWorld, password, wrongCodeAt } from './world.js';

const world = openLiteWorld();
const signIn = (name: string, given = password, more: { code?: string; address?: string } = {}) =>
  world.dartwing.lite.signIn({ email: `${name}@acme.test`, password: given, ...more });

describe('a password', () => {
  test('lets its owner in by the door of all access tokens, with the rights of the person', async () => {
    const person = await world.person('bo');
    const tokens = await signIn('bo');
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 300 });
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt' });
    const caller = await world.other.identity.authenticate({
      authorization: `Bearer ${tokens.access_token}`,
    });
    expect(caller).toMatchObject({
      principal: { type: 'person', id: person },
      account: 'bo@acme.test',
      identity: { acr: '1', amr: ['pwd'] },
    });
    const list = await world.dartwing.tenancy.list({}, { principal: caller.principal });
    expect(list.items.map(({ slug }) => slug)).toEqual(['acme']);
    expect(await signIn(' BO'.trim().toUpperCase())).toBeTruthy();
    expect((await world.audited('session.start')).length).toBeGreaterThan(0);
  });

  test('that is wrong, of nobody, or of somebody without one is refused in the same words', async () => {
    await world.forgive();
    const { after } = await world.dartwing.people.person.create({
      primary_email: 'without@acme.test',
      first_name: 'Without',
      last_name: 'Password',
      source: 'import',
    });
    const before = (await world.audited('sign_in.failed')).length;
    const refusals = await Promise.all(
      [
        signIn('bo', 'Wrong-horse-99'),
        signIn('nobody'),
        signIn('without'),
        world.dartwing.lite.signIn({ email: after!.id, password }),
        world.dartwing.lite.signIn({ email: '', password: '' }),
      ].map((attempt) =>
        attempt.then(
          () => 'let in',
          (error: Error & { code: string; why: string; fix: string[] }) =>
            JSON.stringify([error.code, error.message, error.why, error.fix]),
        ),
      ),
    );
    expect(new Set(refusals).size).toBe(1);
    expect(refusals[0]).toContain('SIGN_IN_FAILED');
    expect((await world.audited('sign_in.failed')).length - before).toBe(5);
  });

  test('is compared for an unknown address as long as for a known one', async () => {
    const timeOf = async (name: string) => {
      await world.forgive();
      const started = process.cpuUsage();
      await codeOf(signIn(name, 'Wrong-horse-99'));
      const { user, system } = process.cpuUsage(started);
      return user + system;
    };
    const ratios: number[] = [];
    for (let round = 0; round < 7; round++) ratios.push((await timeOf('bo')) / (await timeOf('nobody')));
    ratios.sort((a, b) => a - b);
    // Without the decoy the ratio would be above 5.
    expect(ratios[3]).toBeGreaterThan(0.4);
    expect(ratios[3]).toBeLessThan(2.5);
  });

  test('of somebody who is inactive, disabled or merged opens nothing', async () => {
    await world.forgive();
    const { admin } = world.database;
    await admin.query("update user_account set enabled = false where name = 'bo@acme.test'");
    expect(await codeOf(signIn('bo'))).toBe('SIGN_IN_REFUSED');
    await admin.query("update user_account set enabled = true where name = 'bo@acme.test'");
    await admin.query("update person set status = 'inactive' where primary_email = 'bo@acme.test'");
    await world.forgive();
    expect(await codeOf(signIn('bo'))).toBe('SIGN_IN_REFUSED');
    await admin.query("update person set status = 'active' where primary_email = 'bo@acme.test'");
  });

  test('is kept as a hash with its cost and hashed anew when that was raised', async () => {
    await world.person('kim');
    const stored = async () =>
      (
        await world.database.admin.query<{ hash: string }>(
          "select hash from lite_password w join person p on p.id = w.person where primary_email = 'kim@acme.test'",
        )
      ).rows[0]!.hash;
    expect(await stored()).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$[^$]{22}\$[^$]{43}$/);
    const dearer = await createDartwing(
      testOptions(world.database, { lite: { ...cheap, hashing: { ln: 14, r: 8, p: 2 } } }),
    );
    try {
      await dearer.lite.signIn({ email: 'kim@acme.test', password });
      expect(await stored()).toMatch(/^\$scrypt\$ln=14,r=8,p=2\$/);
      expect(await codeOf(signIn('kim'))).toBe('let in');
    } finally {
      await dearer.close();
    }
  });

  test('is nowhere at rest, nor are tokens', async () => {
    const tokens = await signIn('kim');
    const secrets = [password, tokens.access_token, tokens.refresh_token];
    const { rows } = await world.database.admin.query<{ name: string }>(
      "select relname as name from pg_class where relnamespace = 'dartwing'::regnamespace and relkind = 'r'",
    );
    for (const { name } of rows)
      for (const secret of secrets) {
        const { rowCount } = await world.database.admin.query(
          `select from ${name} t where t::text like $1 or t::text like $2`,
          [`%${secret}%`, `%${Buffer.from(secret).toString('hex')}%`],
        );
        expect(rowCount, name).toBe(0);
      }
  });

  test.each([
    ['short', 'Ab3-efgh'],
    ['of two kinds', 'onlylettersABC'],
    ['of few characters', 'Aa1-Aa1-Aa1-Aa1-'],
    ['with the own address', 'Weakling-2026!'],
    ['far too long', `Aa1-${'x'.repeat(1_100)}bcdefg`],
  ])('that is %s is not taken', async (_, weak) => {
    const owner = 'weakling@acme.test';
    await world.dartwing.people.person
      .create({ primary_email: owner, first_name: 'W', last_name: 'T', source: 'import', ifNotExists: true })
      .catch(() => undefined);
    const refusal = await world.dartwing.lite.setPassword(owner, weak).catch((error: Error) => error);
    expect(refusal).toMatchObject({ code: 'PASSWORD_WEAK' });
    expect(JSON.stringify(refusal) + String(refusal)).not.toContain(weak);
  });

  test('is set by operators and System Managers only', async () => {
    const [bo, ana] = await Promise.all(
      ['bo@acme.test', 'ana@acme.test'].map((email) => world.dartwing.people.person.show(email)),
    );
    const principal = { type: 'person' as const, id: bo!.id };
    for (const whom of [ana!.id, bo!.id])
      expect(await codeOf(world.dartwing.lite.setPassword(whom, password, { principal }))).toBe(
        'PERMISSION_DENIED',
      );
  });

  test('is changed by its owner, and the sessions of the old one end', async () => {
    await world.forgive();
    const id = await world.person('lou');
    const before = await signIn('lou');
    expect(await world.enter(before.access_token)).toBe('let in');
    const principal = { type: 'person' as const, id };
    const next = 'Another-stable-7';
    const change = (current: string) => world.dartwing.lite.changePassword({ current, next }, { principal });
    expect(await codeOf(change('Wrong-horse-99'))).toBe('SIGN_IN_FAILED');
    await world.forgive();
    expect(await change(password)).toMatchObject({ op: 'update' });
    expect(await world.enter(before.access_token)).toBe('SESSION_ENDED');
    expect(await codeOf(world.dartwing.lite.refresh(before.refresh_token))).toBe('REFRESH_TOKEN_INVALID');
    expect(await codeOf(signIn('lou'))).toBe('SIGN_IN_FAILED');
    await world.forgive();
    expect(await world.enter((await signIn('lou', next)).access_token)).toBe('let in');
  });
});

describe('guessing', () => {
  test('T-I6 waits after five failures, in every process, also for the right password', async () => {
    await world.person('mia');
    await world.forgive();
    const answers: string[] = [];
    for (let guess = 0; guess < 7; guess++) {
      const process = guess % 2 === 0 ? world.dartwing : world.other;
      answers.push(await codeOf(process.lite.signIn({ email: 'mia@acme.test', password: 'Wrong-horse-99' })));
      // As if the guesses were not a second apart, which would wait at once.
      await world.database.admin.query(
        `update sign_in_failure set last_failure_at = last_failure_at - interval '2 s',
           wait_until = case when failures >= 5 then wait_until end`,
      );
    }
    expect(answers).toEqual([...Array(5).fill('SIGN_IN_FAILED'), 'SIGN_IN_LIMITED', 'SIGN_IN_LIMITED']);
    expect(await codeOf(signIn('mia'))).toBe('SIGN_IN_LIMITED');
    await world.dartwing.lite.unlock('mia@acme.test', { reason: 'forgot it' });
    expect(await codeOf(signIn('mia'))).toBe('let in');
  });

  test('at once waits like guessing in turn: of twenty, few are looked at', async () => {
    await world.forgive();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        codeOf(
          (n % 2 === 0 ? world.dartwing : world.other).lite.signIn({
            email: 'mia@acme.test',
            password: `Wrong-horse-${n}`,
          }),
        ),
      ),
    );
    expect(answers.filter((code) => code === 'SIGN_IN_FAILED').length).toBeLessThanOrEqual(5);
    expect(new Set(answers)).toEqual(new Set(['SIGN_IN_FAILED', 'SIGN_IN_LIMITED']));
  });

  test('is not what a success is: it clears the account and takes nothing from the address', async () => {
    await world.forgive();
    for (let round = 0; round < 3; round++) await signIn('mia', password, { address: '203.0.113.9' });
    const { rows } = await world.database.admin.query(
      'select failures from sign_in_failure where failures > 0',
    );
    expect(rows).toEqual([]);
  });
});

describe('a refresh token', () => {
  test('T-I3 opens once; a second use ends the session for both', async () => {
    await world.forgive();
    const first = await signIn('mia');
    const second = await world.dartwing.lite.refresh(first.refresh_token);
    expect(await world.enter(second.access_token)).toBe('let in');
    expect(decodeJwt(second.access_token).sid).toBe(decodeJwt(first.access_token).sid);
    expect(await codeOf(world.other.lite.refresh(first.refresh_token))).toBe('REFRESH_TOKEN_INVALID');
    expect(await codeOf(world.dartwing.lite.refresh(second.refresh_token))).toBe('REFRESH_TOKEN_INVALID');
    expect(await world.enter(second.access_token)).toBe('SESSION_ENDED');
    expect(JSON.stringify(await world.audited('session.end'))).toContain('used twice');
  });

  test('that two processes use at once gives at most one of them tokens', async () => {
    const { refresh_token: token } = await signIn('mia');
    const answers = await Promise.all(
      [world.dartwing, world.other].map(({ lite }) => codeOf(lite.refresh(token))),
    );
    expect(answers.toSorted()).toEqual(['REFRESH_TOKEN_INVALID', 'let in']);
  });

  test('ends with signing out, and after its time', async () => {
    const out = await signIn('mia');
    expect(await world.dartwing.lite.signOut(out.refresh_token)).toEqual({ ended: 1 });
    expect(await world.dartwing.lite.signOut(out.refresh_token)).toEqual({ ended: 0 });
    expect(await codeOf(world.dartwing.lite.refresh(out.refresh_token))).toBe('REFRESH_TOKEN_INVALID');
    expect(await world.enter(out.access_token)).toBe('SESSION_ENDED');
    const late = await signIn('mia');
    world.advance(31 * 86_400_000);
    expect(await codeOf(world.dartwing.lite.refresh(late.refresh_token))).toBe('REFRESH_TOKEN_INVALID');
    expect(await world.enter(late.access_token)).toBe('TOKEN_EXPIRED');
  });

  test.each(['', 'dwf_short', `dwr_${'a'.repeat(43)}`, `dwf_${'a'.repeat(43)}`])(
    'that is none is refused: %j',
    async (token) => {
      expect(await codeOf(world.dartwing.lite.refresh(token))).toBe('REFRESH_TOKEN_INVALID');
    },
  );
});

test('a token that somebody else signed as us is refused', async () => {
  const { access_token: token } = await signIn('mia');
  const [, payload] = token.split('.');
  const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`;
  expect(await world.enter(unsigned)).toBe('TOKEN_ALGORITHM');
  const { kid } = decodeProtectedHeader(token);
  const forged = await new SignJWT(decodeJwt(token))
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: kid! })
    .sign(Buffer.alloc(32, 1));
  expect(await world.enter(forged)).toBe('TOKEN_ALGORITHM');
});

test('lite mode is off unless it is switched on and no provider is configured', async () => {
  const issuers = [{ issuer: 'https://auth.acme.test', audience: 'dartwing' }];
  const { access_token: token } = await signIn('mia');
  for (const options of [{}, { lite: cheap, identity: { issuers } }]) {
    const dartwing = await createDartwing(testOptions(world.database, options));
    try {
      expect(dartwing.lite.enabled).toBe(false);
      expect(await codeOf(dartwing.lite.signIn({ email: 'mia@acme.test', password }))).toBe('LITE_MODE_OFF');
      expect(await codeOf(dartwing.lite.setPassword('mia@acme.test', password))).toBe('LITE_MODE_OFF');
      const authorization = `Bearer ${token}`;
      expect(await codeOf(dartwing.identity.authenticate({ authorization }))).toBe('TOKEN_ISSUER');
    } finally {
      await dartwing.close();
    }
  }
});

test('hashes that cost too little are refused at the start', async () => {
  const open = createDartwing(
    testOptions(world.database, { lite: { enabled: true, hashing: { ln: 10, r: 8, p: 1 } } }),
  );
  const dartwing = await open;
  await expect((async () => dartwing.lite.enabled)()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await dartwing.close();
});

describe('a second factor', () => {
  test('is asked for once it is confirmed; each code opens once, and satisfies organizations that want two', async () => {
    await world.forgive();
    const id = await world.person('nia');
    const call = { principal: { type: 'person' as const, id } };
    const { lite, tenancy } = world.dartwing;
    const { secret, uri, recoveryCodes, change } = await lite.beginSecondFactor(call);
    expect(uri).toContain(`secret=${secret}`);
    expect(change.after).toEqual({ person: id, totp: { sealed: true, confirmed: false } });
    expect(await codeOf(signIn('nia'))).toBe('let in');
    expect(await codeOf(lite.confirmSecondFactor(wrongCodeAt(secret, world.now()), call))).toBe(
      'SECOND_FACTOR_WRONG',
    );
    const first = codeAt(secret, world.now());
    await lite.confirmSecondFactor(first, call);
    expect(await codeOf(lite.beginSecondFactor(call))).toBe('SECOND_FACTOR_EXISTS');

    expect(await codeOf(signIn('nia'))).toBe('SECOND_FACTOR_REQUIRED');
    expect(await codeOf(signIn('nia', password, { code: first }))).toBe('SIGN_IN_FAILED');
    await world.forgive();
    world.advance(30_000);
    const code = codeAt(secret, world.now());
    const both = await Promise.all([
      codeOf(signIn('nia', password, { code })),
      codeOf(world.other.lite.signIn({ email: 'nia@acme.test', password, code })),
    ]);
    expect(both.filter((answer) => answer === 'let in')).toHaveLength(1);
    await world.forgive();
    world.advance(30_000);
    const tokens = await signIn('nia', password, { code: codeAt(secret, world.now()) });
    await tenancy.update('acme', { mfa_required: true });
    expect(await world.enter(tokens.access_token, 'acme')).toBe('let in');
    const refreshed = await lite.refresh(tokens.refresh_token);
    expect(await world.enter(refreshed.access_token, 'acme')).toBe('let in');
    expect(await world.enter((await signIn('mia')).access_token, 'acme')).toBe('MFA_REQUIRED');

    const [recovery = '', spare = ''] = recoveryCodes;
    expect(recoveryCodes).toHaveLength(10);
    expect(await codeOf(signIn('nia', password, { code: recovery.toUpperCase() }))).toBe('let in');
    expect(await codeOf(signIn('nia', password, { code: recovery }))).toBe('SIGN_IN_FAILED');
    await world.forgive();
    expect(await codeOf(signIn('nia', 'Wrong-horse-99', { code: spare }))).toBe('SIGN_IN_FAILED');
    await world.forgive();
    expect(await codeOf(signIn('nia', password, { code: spare }))).toBe('let in');

    await lite.unlock('nia@acme.test', { reason: 'lost the phone' });
    expect(await codeOf(signIn('nia'))).toBe('let in');
    const acts = ['begin', 'confirm', 'remove'];
    const found: unknown[] = [];
    for (const act of acts) found.push(await world.audited(`second_factor.${act}`));
    const entries = JSON.stringify(found);
    expect(entries).toContain('lost the phone');
    for (const hidden of [secret, recovery, spare]) expect(entries).not.toContain(hidden);
  });

  test('asking for it is no failure, and guessing codes is', async () => {
    await world.forgive();
    const id = await world.person('oli');
    const call = { principal: { type: 'person' as const, id } };
    const { secret } = await world.dartwing.lite.beginSecondFactor(call);
    await world.dartwing.lite.confirmSecondFactor(codeAt(secret, world.now()), call);
    for (let round = 0; round < 7; round++)
      expect(await codeOf(signIn('oli'))).toBe('SECOND_FACTOR_REQUIRED');
    const guesses: string[] = [];
    for (let guess = 0; guess < 6; guess++)
      guesses.push(await codeOf(signIn('oli', password, { code: wrongCodeAt(secret, world.now()) })));
    expect(guesses[0]).toBe('SIGN_IN_FAILED');
    expect(guesses.at(-1)).toBe('SIGN_IN_LIMITED');
  });
});
