/** Secrets of second factors lie under data keys and follow their rotation. */
import { expect, test } from 'vitest';
import { openKeyring, sealText } from '../../src/core/keys/index.js';
import { masterKey } from '../support/server.js';
import { codeAt, codeOf, openLiteWorld, password } from './world.js';

const world = openLiteWorld();
const reason = { reason: 'test of second factors' };

/** A person with a second factor. */
async function enrolled(name: string): Promise<{ id: string; secret: string }> {
  const id = await world.person(name);
  const call = { principal: { type: 'person' as const, id } };
  const { secret } = await world.dartwing.lite.beginSecondFactor(call);
  await world.dartwing.lite.confirmSecondFactor(codeAt(secret, world.now()), call);
  return { id, secret };
}

const signIn = (name: string, secret: string) => {
  // No code opens twice.
  world.advance(30_000);
  const code = codeAt(secret, world.now());
  return codeOf(world.other.lite.signIn({ email: `${name}@acme.test`, password, code }));
};

const stored = async (person: string) =>
  (
    await world.database.admin.query<{ former: boolean; key: string | null }>(
      'select secret is not null as former, sealed_key(sealed_secret)::text as key from lite_totp where person = $1',
      [person],
    )
  ).rows[0];

test('a rotation finds them by itself, seals them anew, and proves that nothing is left of the former key', async () => {
  const { id, secret } = await enrolled('kim');
  const before = await stored(id);
  const { done } = await world.dartwing.keys.rotate(
    { organization: 'SYSTEM', purpose: 'second_factor', reseal: true },
    reason,
  );
  expect(done).toMatchObject([{ purpose: 'second_factor', state: 'done', resealed: 1 }]);
  const after = await stored(id);
  expect([before?.former, after?.former, after?.key === before?.key]).toEqual([false, false, false]);
  expect(await signIn('kim', secret)).toBe('let in');
  expect((await world.dartwing.keys.verify({ organization: 'SYSTEM' })).findings).toEqual([]);
});

test('one that an earlier version sealed opens, and is under a data key from its first use on', async () => {
  const { id, secret } = await enrolled('lea');
  const former = sealText(openKeyring(masterKey, 'test').lite.factorKey, `lite_totp ${id}`, secret);
  await world.database.admin.query(
    'update lite_totp set secret = $2, sealed_secret = null where person = $1',
    [id, former],
  );
  expect(await signIn('lea', secret)).toBe('let in');
  expect(await stored(id)).toEqual({ former: false, key: expect.any(String) });
  expect(await signIn('lea', secret)).toBe('let in');
});

test('one that was copied to another person opens nothing', async () => {
  const mine = await enrolled('max');
  const theirs = await enrolled('nia');
  await world.database.admin.query(
    'update lite_totp t set sealed_secret = s.sealed_secret from lite_totp s where t.person = $1 and s.person = $2',
    [theirs.id, mine.id],
  );
  expect(await signIn('nia', mine.secret)).toBe('SEAL_BROKEN');
});
