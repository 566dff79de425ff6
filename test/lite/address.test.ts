/** Addresses: proven by their owners, again after every change. */
import { describe, expect, test } from 'vitest';
import { createDartwing } from '../../src/core/index.js';
import { plain } from '../mail/smtp.js';
import { testOptions } from '../support/database.js';
import { cheap, codeOf, openLiteWorld } from './world.js';

const world = openLiteWorld();
const person = () => world.dartwing.people.person;

const mailsTo = (email: string) =>
  world.smtp.received.filter(({ to }) => to.includes(email)).map(({ raw }) => plain(raw));
const tokenOf = (mail: string) => /https:\/\/acme\.test\/verify#([A-Za-z0-9_-]+)/.exec(mail)?.[1] ?? '';

/** The tokens mailed to an address, once there are so many. */
async function tokensTo(email: string, count = 1): Promise<string[]> {
  await expect.poll(() => mailsTo(email).length, { timeout: 10_000 }).toBe(count);
  return mailsTo(email).map(tokenOf);
}

describe('an address that is changed', () => {
  test('is proven by a mailed token, once, and the former one is told', async () => {
    const id = await world.person('ada');
    const { after } = await person().update(id, { primary_email: 'ada.king@acme.test' });
    expect(after).toMatchObject({ email_verified_at: null });
    const [token = ''] = await tokensTo('ada.king@acme.test');
    await expect.poll(() => mailsTo('ada@acme.test').length).toBe(1);
    expect(mailsTo('ada@acme.test')[0]).toMatch(/The new one is a[^ ]+@acme\.test/);
    const before = world.now().toISOString();
    const changes = await Promise.all([
      person().prove(token),
      world.other.people.person.prove(token),
      person().prove(` ${token}\n`),
    ]);
    expect(changes.map(({ op }) => op).toSorted()).toEqual(['none', 'none', 'update']);
    const { email_verified_at } = await person().show(id);
    expect(email_verified_at! >= before && email_verified_at! <= world.now().toISOString()).toBe(true);
    expect(await world.audited('email.proven')).toHaveLength(1);
    expect(await person().sendProof(id)).toMatchObject({ op: 'none', after: { mail: null } });
  });

  test('is not proven by a token for the one before, of somebody else, made up, or too old', async () => {
    const id = await world.person('bea');
    await person().update(id, { primary_email: 'bea2@acme.test' });
    const [former = ''] = await tokensTo('bea2@acme.test');
    await person().update(id, { primary_email: 'bea3@acme.test' });
    const [current = ''] = await tokensTo('bea3@acme.test');
    for (const token of [former, '', 'x', current.slice(1), `${current.slice(0, -2)}AA`, 'A'.repeat(2_000)])
      expect(await codeOf(person().prove(token))).toBe('ADDRESS_PROOF_INVALID');
    world.advance(3 * 86_400_000);
    expect(await codeOf(person().prove(current))).toBe('ADDRESS_PROOF_INVALID');
    expect((await person().show(id)).email_verified_at).toBeNull();
    const again = await person().sendProof(id);
    expect(again).toMatchObject({ op: 'update', after: { mail: 'queued' } });
    const [, fresh = ''] = await tokensTo('bea3@acme.test', 2);
    expect(JSON.stringify([again, await world.audited('email.proof_sent')])).not.toContain(fresh);
    expect(await person().prove(fresh)).toMatchObject({ op: 'update' });
  });

  test('resets no password before it is proven', async () => {
    const id = await world.person('cleo');
    await person().update(id, { primary_email: 'thief@acme.test' });
    const [token = ''] = await tokensTo('thief@acme.test');
    const more = { lite: cheap, mail: { smtpUrl: world.smtp.url, from: 'no-reply@acme.test' } };
    const asked = await createDartwing(testOptions(world.database, more));
    await asked.lite.requestReset('thief@acme.test');
    // Closing waits for what was asked for.
    await asked.close();
    await person().prove(token);
    await world.dartwing.lite.requestReset('thief@acme.test');
    await expect.poll(() => mailsTo('thief@acme.test').length, { timeout: 10_000 }).toBe(2);
    expect(await world.audited('password.reset_asked')).toHaveLength(1);
  });

  test('that comes back as it was is to be proven again', async () => {
    const id = await world.person('dee');
    await person().update(id, { primary_email: 'dee2@acme.test' });
    const [first = ''] = await tokensTo('dee2@acme.test');
    await person().prove(first);
    await person().update(id, { primary_email: 'dee3@acme.test' });
    await person().update(id, { primary_email: 'dee2@acme.test', first_name: 'D' });
    expect((await person().show(id)).email_verified_at).toBeNull();
    const { version } = await person().show(id);
    expect(await person().update(id, { primary_email: 'dee2@acme.test' })).toMatchObject({ op: 'none' });
    expect((await person().show(id)).version).toBe(version);
  });

  test('is changed with its letters or not at all', async () => {
    const id = await world.person('eva');
    const taken = person().update(id, { primary_email: 'ada.king@acme.test' });
    await expect(taken).rejects.toMatchObject({ code: 'PERSON_EMAIL_TAKEN' });
    const dry = await person().update(id, { primary_email: 'eva2@acme.test' }, { dryRun: true });
    expect(dry).toMatchObject({ op: 'update', dry_run: true });
    const { rows } = await world.database.admin.query(
      "select from outgoing_mail where about in ('address/' || $1, 'former-address/' || $1)",
      [id],
    );
    expect(rows).toEqual([]);
    expect(world.smtp.received.filter(({ to }) => to.includes('eva2@acme.test'))).toEqual([]);
  });
});

test('who may not change a person may not have mail sent to them', async () => {
  const [fay, gus] = [await world.person('fay'), await world.person('gus')];
  const call = { principal: { type: 'person' as const, id: gus } };
  expect(await codeOf(person().sendProof(fay, call))).toBe('PERMISSION_DENIED');
  expect(await codeOf(person().sendProof(gus, call))).toBe('let in');
});
