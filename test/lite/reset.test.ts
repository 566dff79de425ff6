/** Passwords that were forgotten, and persons who become one or none. */
import { describe, expect, test } from 'vitest';
import { plain } from '../mail/smtp.js';
import { codeAt, codeOf, openLiteWorld, password } from './world.js';

const world = openLiteWorld();
const next = 'Another-stable-7';
const signIn = (name: string, given = password, code?: string) =>
  codeOf(world.dartwing.lite.signIn({ email: `${name}@acme.test`, password: given, code }));

/** The tokens mailed to an address so far. */
const mailed = (name: string) =>
  world.smtp.received
    .filter(({ to }) => to.includes(`${name}@acme.test`))
    .map(({ raw }) => /https:\/\/acme\.test\/reset#(dwr_[A-Za-z0-9_-]+)/.exec(plain(raw))?.[1] ?? '');

/** Everything that was asked for has been done, and every mail has left. */
async function settled(): Promise<void> {
  const count = async () =>
    (
      await world.database.admin.query<{ count: number }>(
        "select count(*)::int as count from outgoing_mail where status = 'queued'",
      )
    ).rows[0]!.count;
  await expect.poll(count, { timeout: 10_000 }).toBe(0);
}

describe('a reset', () => {
  test('is mailed, sets the password once, ends sessions, and leaves the second factor', async () => {
    const id = await world.person('bo');
    const call = { principal: { type: 'person' as const, id } };
    const { secret } = await world.dartwing.lite.beginSecondFactor(call);
    const code = codeAt(secret, world.now());
    await world.dartwing.lite.confirmSecondFactor(code, call);
    world.advance(30_000);
    const before = await world.dartwing.lite.signIn({
      email: 'bo@acme.test',
      password,
      code: codeAt(secret, world.now()),
    });
    const sent = await world.dartwing.lite.sendReset('bo@acme.test');
    expect(sent).toMatchObject({ op: 'create', after: { person: id, mail: 'queued' } });
    await settled();
    const [token = ''] = mailed('bo');
    expect(JSON.stringify([sent, await world.audited('password.reset_sent')])).not.toContain(token);
    const { lite } = world.dartwing;
    expect(await codeOf(lite.completeReset(token, 'weak'))).toBe('PASSWORD_WEAK');
    const answers = await Promise.all(
      [lite, world.other.lite].map((each) => codeOf(each.completeReset(token, next))),
    );
    expect(answers.toSorted()).toEqual(['RESET_TOKEN_INVALID', 'let in']);
    expect(await world.enter(before.access_token)).toBe('SESSION_ENDED');
    expect(await signIn('bo')).toBe('SIGN_IN_FAILED');
    await world.forgive();
    expect(await signIn('bo', next)).toBe('SECOND_FACTOR_REQUIRED');
    world.advance(30_000);
    expect(await signIn('bo', next, codeAt(secret, world.now()))).toBe('let in');
    expect(await world.audited('password.reset')).toHaveLength(1);
  });

  test('that is asked for answers the same for everybody, and mails who is there, once a minute', async () => {
    await world.person('cy');
    const { lite } = world.dartwing;
    for (const email of ['cy@acme.test', 'nobody@acme.test', 'no address', ''])
      expect(await lite.requestReset(email)).toBeUndefined();
    await expect.poll(() => mailed('cy').length, { timeout: 10_000 }).toBe(1);
    await lite.requestReset('cy@acme.test');
    const again = await lite.sendReset('cy@acme.test');
    expect(again.after).toMatchObject({ mail: 'asked_a_moment_ago' });
    world.advance(61_000);
    await lite.requestReset('cy@acme.test');
    await expect.poll(() => mailed('cy').length, { timeout: 10_000 }).toBe(2);
    expect(world.smtp.received.filter(({ to }) => to.includes('nobody@acme.test'))).toEqual([]);
  });

  test('ends after an hour, and with another way to a new password', async () => {
    await world.person('di');
    const { lite } = world.dartwing;
    await lite.sendReset('di@acme.test');
    await settled();
    world.advance(3_600_000);
    expect(await codeOf(lite.completeReset(mailed('di')[0]!, next))).toBe('RESET_TOKEN_INVALID');
    await lite.sendReset('di@acme.test');
    await settled();
    await lite.setPassword('di@acme.test', next);
    expect(await codeOf(lite.completeReset(mailed('di')[1]!, password))).toBe('RESET_TOKEN_INVALID');
  });

  test('of many accounts from one address has to wait', async () => {
    await world.forgive();
    const answers: string[] = [];
    for (let n = 0; n < 51; n++)
      answers.push(await codeOf(world.dartwing.lite.requestReset(`many-${n}@acme.test`, '203.0.113.5')));
    expect(answers.filter((code) => code === 'let in')).toHaveLength(50);
    expect(answers.at(-1)).toBe('SIGN_IN_LIMITED');
  });

  test('is for System Managers and operators to send', async () => {
    const { id } = await world.dartwing.people.person.show('cy@acme.test');
    const call = { principal: { type: 'person' as const, id } };
    expect(await codeOf(world.dartwing.lite.sendReset('di@acme.test', call))).toBe('PERMISSION_DENIED');
    expect(await codeOf(world.dartwing.lite.unlock('di@acme.test', call))).toBe('PERMISSION_DENIED');
    expect(await codeOf(world.dartwing.lite.sendReset('gone@acme.test'))).toBe('PERSON_NOT_FOUND');
  });
});

describe('two persons who become one', () => {
  test('keep the only sign-in there is, with its second factor', async () => {
    const id = await world.person('ed');
    const call = { principal: { type: 'person' as const, id } };
    const { secret, recoveryCodes } = await world.dartwing.lite.beginSecondFactor(call);
    await world.dartwing.lite.confirmSecondFactor(codeAt(secret, world.now()), call);
    const { people } = world.dartwing;
    const kept = await people.person.create({
      primary_email: 'edward@acme.test',
      first_name: 'Ed',
      last_name: 'Test',
      source: 'import',
    });
    await people.person.merge('edward@acme.test', 'ed@acme.test');
    await world.forgive();
    expect(await signIn('ed')).toBe('SIGN_IN_FAILED');
    expect(await signIn('edward')).toBe('SECOND_FACTOR_REQUIRED');
    world.advance(30_000);
    const tokens = await world.dartwing.lite.signIn({
      email: 'edward@acme.test',
      password,
      code: codeAt(secret, world.now()),
    });
    const { principal } = await world.dartwing.identity.authenticate({
      authorization: `Bearer ${tokens.access_token}`,
    });
    expect(principal.id).toBe(kept.after!.id);
    expect(await signIn('edward', password, recoveryCodes[3])).toBe('let in');
  });

  test('keep the sign-in of the one that is left when both have one', async () => {
    await world.person('fay');
    await world.person('faith', next);
    const old = await world.dartwing.lite.signIn({ email: 'fay@acme.test', password });
    await world.dartwing.people.person.merge('faith@acme.test', 'fay@acme.test');
    await world.forgive();
    expect(await signIn('faith', password)).toBe('SIGN_IN_FAILED');
    await world.forgive();
    expect(await signIn('faith', next)).toBe('let in');
    expect(await codeOf(world.dartwing.lite.refresh(old.refresh_token))).toBe('REFRESH_TOKEN_INVALID');
    expect(await world.enter(old.access_token)).not.toBe('let in');
  });
});

test('a person who is deleted takes the sign-in along', async () => {
  const { people, lite } = world.dartwing;
  await people.person.create({
    primary_email: 'gus@acme.test',
    first_name: 'Gus',
    last_name: 'T',
    source: 'import',
  });
  await lite.setPassword('gus@acme.test', password);
  await world.dartwing.lite.signIn({ email: 'gus@acme.test', password });
  await people.person.delete('gus@acme.test');
  expect(await signIn('gus')).toBe('SIGN_IN_FAILED');
});
