import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import { linkIn, type MailServer, startMailServer } from '../mail/smtp.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;
let mail: MailServer;
let clock: Awaited<ReturnType<typeof openTestDartwing>>['clock'];
const dayMs = 86_400_000;
/** The first mail of a process waits for its library to be loaded. */
const patience = { timeout: 15_000 };
const logged: unknown[] = [];
let org = '';
let count = 0;

beforeAll(async () => {
  mail = await startMailServer();
  const write = (fields: object, message: string) => void logged.push(fields, message);
  ({ dartwing, database, clock } = await openTestDartwing({
    mail: { smtpUrl: mail.url, from: 'no-reply@acme.test' },
    log: { debug: write, info: write, warn: write, error: write },
  }));
});

beforeEach(async () => {
  org = `acme-${++count}`;
  await dartwing.tenancy.create({ slug: org, type: 'company', owner: 'ana@acme.test' });
});

const memberOf = async (email: string, slug = org) =>
  (
    await database.admin.query(
      `select m.status, m.guest_until,
         (select count(*)::int from permission_grant g where g.organization = m.organization and g.user_name = m.person_email) as grants
       from org_member m join organization o on o.id = m.organization where o.slug = $1 and m.person_email = $2`,
      [slug, email],
    )
  ).rows[0];

const invite = (email: string, more = {}) =>
  dartwing.invitations.create(org, { email, role: 'Employee', ...more });

describe('expiring and revoking', () => {
  it('expire ends what has run out, with the pending member, and nothing else', async () => {
    const short = await invite(`short-${count}@acme.test`, { expiresInMs: 3_600_000 });
    const long = await invite(`long-${count}@acme.test`);
    expect((await dartwing.invitations.expire(org)).length).toBe(0);
    clock.advance(3_600_000);
    expect((await dartwing.invitations.show(org, short.invitation.id)).status.state).toBe('expired');
    const ended = await dartwing.invitations.expire(org, { dryRun: true });
    expect(ended.map(({ id }) => id)).toEqual([short.invitation.id]);
    expect((await dartwing.invitations.expire()).map(({ id }) => id)).toContain(short.invitation.id);
    expect(await dartwing.invitations.expire()).toEqual([]);
    expect(await memberOf(`short-${count}@acme.test`)).toMatchObject({ status: 'inactive' });
    expect(await memberOf(`long-${count}@acme.test`)).toMatchObject({ status: 'pending' });
    const { items, total_count } = await dartwing.invitations.list(org, { state: 'pending' });
    expect([items.map(({ id }) => id), total_count]).toEqual([[long.invitation.id], 1]);
  });

  it('revoke twice changes nothing more, and an accepted one stays', async () => {
    const { invitation } = await invite(`r-${count}@acme.test`);
    const first = await dartwing.invitations.revoke(org, invitation.id);
    expect(await dartwing.invitations.revoke(org, invitation.id)).toEqual(first);
    const accepted = await invite(`s-${count}@acme.test`);
    await dartwing.invitations.accept({ token: accepted.link! });
    await expect(dartwing.invitations.revoke(org, accepted.invitation.id)).rejects.toMatchObject({
      code: 'INVITATION_STATE',
    });
  });
});

describe('reminding', () => {
  it('happens by itself after three quiet days, three times, not shortly before the end, and not twice by two at once', async () => {
    const email = `quiet-${count}@acme.test`;
    const { invitation } = await invite(email, { expiresInMs: 30 * dayMs });
    const ending = await invite(`ending-${count}@acme.test`, { expiresInMs: 3.5 * dayMs });
    const handed = await invite(`handed-${count}@acme.test`, { kind: 'link', expiresInMs: 30 * dayMs });
    const mine = ({ done }: Awaited<ReturnType<typeof dartwing.invitations.remindDue>>) =>
      done
        .map(({ id }) => id)
        .filter((id) => [invitation, ending.invitation, handed.invitation].some((one) => one.id === id));
    expect(mine(await dartwing.invitations.remindDue())).toEqual([]);
    const sent: string[][] = [];
    for (let round = 0; round < 4; round++) {
      clock.advance(3 * dayMs);
      const both = await Promise.all([dartwing.invitations.remindDue(), dartwing.invitations.remindDue()]);
      sent.push(both.flatMap(mine));
    }
    expect(sent).toEqual([[invitation.id], [invitation.id], [invitation.id], []]);
    const { status } = await dartwing.invitations.show(org, invitation.id);
    expect(status).toMatchObject({ state: 'pending', reminders: 3 });
  });

  it('may follow at once when no mail was sent', async () => {
    const without = await createDartwing(testOptions(database, { clock }));
    const { invitation } = await without.invitations.create(org, {
      email: `mute-${count}@acme.test`,
      role: 'Employee',
    });
    expect(invitation.status.mail).toBe('no_transport');
    const { link } = await without.invitations.remind(org, invitation.id);
    expect(link).toBeDefined();
    await without.close();
  });

  it('sends a new link, ends the old one, and stops after three', async () => {
    const email = `lazy-${count}@acme.test`;
    const { invitation, link } = await invite(email, { expiresInMs: 30 * dayMs });
    const remind = () => dartwing.invitations.remind(org, invitation.id);
    await expect(remind()).rejects.toMatchObject({ code: 'REMINDER_REFUSED' });
    const links = [link];
    const received = () => mail.received.filter(({ to }) => to[0] === email);
    for (let day = 1; day <= 3; day++) {
      await expect.poll(() => received().length, patience).toBe(day);
      clock.advance(dayMs);
      const reminded = await remind();
      expect(reminded.invitation.status).toMatchObject({ state: 'pending', reminders: day });
      links.push(reminded.link);
    }
    clock.advance(dayMs);
    await expect(remind()).rejects.toMatchObject({ code: 'REMINDER_REFUSED' });
    await expect.poll(() => received().length, patience).toBe(4);
    const sent = received().map(linkIn);
    expect([...sent].sort()).toEqual([...links].sort());
    for (const token of links.slice(0, 3)) {
      await expect(dartwing.invitations.accept({ token: token! })).rejects.toMatchObject({
        code: 'INVITATION_NOT_FOUND',
      });
    }
    await dartwing.invitations.accept({ token: links[3]! });
  });

  it('is refused for links that are passed on by hand', async () => {
    const { invitation } = await dartwing.invitations.create(org, { kind: 'link', role: 'Employee' });
    clock.advance(dayMs);
    await expect(dartwing.invitations.remind(org, invitation.id)).rejects.toMatchObject({
      code: 'REMINDER_REFUSED',
    });
  });
});

describe('guests', () => {
  it('come until a time, and their access ends then', async () => {
    const email = `guest-${count}@audit.test`;
    const guestUntil = new Date(clock.now().getTime() + 2 * dayMs);
    const { link, invitation } = await invite(email, { guestUntil });
    expect(invitation).toMatchObject({ invite_kind: 'guest', guest_access_until: guestUntil.toISOString() });
    await dartwing.invitations.accept({ token: link! });
    expect(await memberOf(email)).toMatchObject({ status: 'active', guest_until: guestUntil, grants: 2 });
    const seen = () =>
      dartwing.asPerson(
        invitation.person!,
        async (tx) => (await tx.query('select id from organization')).rows.length,
      );
    expect(await seen()).toBe(1);
    await expect(
      dartwing.equipment.create(org, { equipment_name: 'X', assigned_to: email }),
    ).rejects.toMatchObject({ code: 'ASSIGNEE_NOT_MEMBER' });
    expect((await dartwing.invitations.endGuests()).done).toEqual([]);
    clock.advance(2 * dayMs);
    const ended = await dartwing.invitations.endGuests();
    expect(ended).toMatchObject({ done: [{ email, person: invitation.person }], failed: [] });
    expect(await memberOf(email)).toMatchObject({ status: 'inactive', guest_until: null, grants: 0 });
    expect(await seen()).toBe(0);
    expect((await dartwing.invitations.endGuests()).done).toEqual([]);
  });

  it('who come back as members stay', async () => {
    const email = `back-${count}@audit.test`;
    const { link } = await invite(email, { guestUntil: new Date(clock.now().getTime() + dayMs) });
    await dartwing.invitations.accept({ token: link! });
    await dartwing.people.member.remove(org, email);
    await dartwing.people.member.add(org, email, 'Employee');
    clock.advance(2 * dayMs);
    await dartwing.invitations.endGuests();
    expect(await memberOf(email)).toMatchObject({ status: 'active', guest_until: null, grants: 2 });
  });

  it('may read and nothing else', async () => {
    const { link } = await invite(`ro-${count}@audit.test`, {
      guestUntil: new Date(clock.now().getTime() + dayMs),
    });
    const { status } = await dartwing.invitations.accept({ token: link! });
    const call = { principal: { type: 'person', id: status.accepted_by! } } as const;
    await dartwing.equipment.list(org, {}, call);
    await expect(dartwing.equipment.create(org, { equipment_name: 'Van' }, call)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(invite.call(null, 'x@acme.test')).resolves.toBeDefined();
    await expect(
      dartwing.invitations.create(org, { email: 'y@acme.test', role: 'Employee' }, call),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});

const many = process.env.DARTWING_LONG === undefined ? 150 : 1_000;

describe('lists of addresses', () => {
  it(`invites ${many} and tells each bad line`, async () => {
    const lines = Array.from({ length: many }, (_, index) => `bulk-${index}-${count}@acme.test,Employee,14d`);
    const bad = [
      'no address,Employee,',
      'x1@acme.test,Emploee,',
      '=cmd()@acme.test,Employee,',
      '+1@acme.test,Employee,',
      'x2@acme.test,Employee,soon',
      'x3@acme.test,Employee',
      `BULK-0-${count}@acme.test,Employee,`,
      '"x4@acme.test"x,Employee,',
    ];
    const csv = `\ufeffEmail,Role,Expires\r\n${[...lines, ...bad].join('\r\n')}\r\n\r\n"quoted-${count}@acme.test","Employee",""\r\n`;
    const mute = await createDartwing(testOptions(database, { clock }));
    const { done, failed } = await mute.invitations.bulk(org, csv);
    await mute.close();
    expect(done).toHaveLength(many + 1);
    expect(done.at(-1)!.email).toBe(`quoted-${count}@acme.test`);
    expect(failed.map(({ line, error }) => [line, error.code])).toEqual([
      [many + 2, 'EMAIL_INVALID'],
      [many + 3, 'ROLE_NOT_FOUND'],
      [many + 4, 'VALIDATION_ERROR'],
      [many + 5, 'VALIDATION_ERROR'],
      [many + 6, 'VALIDATION_ERROR'],
      [many + 7, 'VALIDATION_ERROR'],
      [many + 8, 'INVITATION_EXISTS'],
      [many + 9, 'VALIDATION_ERROR'],
    ]);
    expect((await dartwing.invitations.list(org)).total_count).toBe(many + 1);
  }, 120_000);

  it.each([
    ['', 'empty'],
    ['email;role\nx@acme.test;Employee', 'another separator'],
    ['role,email\nEmployee,x@acme.test', 'another order'],
    ['email,role', 'no lines'],
    [`email,role\n${'x'.repeat(2_000_000)}`, 'too long'],
  ])('refuses a list that is none: %#', async (csv) => {
    await expect(dartwing.invitations.bulk(org, csv)).rejects.toMatchObject({ code: 'BAD_FILE' });
  });
});

describe('the secret', () => {
  it('is nowhere at rest and in no log', async () => {
    const key = { idempotencyKey: `key-${count}` };
    const input = { email: `secret-${count}@acme.test`, role: 'Employee' };
    const issued = await dartwing.invitations.create(org, input, key);
    const again = await dartwing.invitations.create(org, input, key);
    expect(again).toEqual({ invitation: issued.invitation, link: undefined });
    const token = issued.link!.split('#')[1]!;
    await dartwing.invitations.accept({ token: issued.link! }, { idempotencyKey: `accept-${count}` });
    await dartwing.mail.sendDue();
    const { rows: tables } = await database.admin.query(
      "select relname from pg_class where relnamespace = 'dartwing'::regnamespace and relkind in ('r', 'p')",
    );
    expect(tables.length).toBeGreaterThan(20);
    const forms = [
      token,
      token.slice(4),
      Buffer.from(token).toString('hex'),
      Buffer.from(token).toString('base64'),
    ];
    for (const { relname } of tables) {
      const { rows } = await database.admin.query(`select t::text as row from "${relname}" t`);
      const text = rows.map(({ row }) => row as string).join('\n');
      for (const form of forms) expect(text.includes(form), `${relname} holds the token`).toBe(false);
    }
    const log = JSON.stringify(logged, (_, value) => (value instanceof Error ? `${value.stack}` : value));
    expect(log).not.toContain(token);
    expect(JSON.stringify(await dartwing.invitations.list(org))).not.toContain('token_hash');
  });

  it('waits sealed while its mail cannot be sent', async () => {
    const stuck = await createDartwing(
      testOptions(database, { clock, mail: { smtpUrl: 'smtp://127.0.0.1:1', from: 'a@acme.test' } }),
    );
    const { link } = await stuck.invitations.create(org, {
      email: `sealed-${count}@acme.test`,
      role: 'Employee',
    });
    await stuck.close();
    const { rows } = await database.admin.query(
      "select status, encode(letter, 'escape') as letter from outgoing_mail where recipient = $1",
      [`sealed-${count}@acme.test`],
    );
    expect(rows[0].status).toBe('queued');
    expect(rows[0].letter).not.toContain(link!.split('#')[1]!.slice(4, 20));
  });
});

describe('another organization', () => {
  it('sees no invitation, mail, equipment or custody of this one', async () => {
    const email = `hidden-${count}@acme.test`;
    const { invitation } = await invite(email);
    await dartwing.equipment.create(org, {
      equipment_name: 'Van',
      serial_number: `H-${count}`,
      assigned_to: 'ana@acme.test',
    });
    await dartwing.tenancy.create({ slug: `b-${count}`, type: 'company', owner: `bea-${count}@b.test` });
    for (const table of ['invitation', 'outgoing_mail', 'equipment', 'equipment_custody']) {
      const rows = (slug: string) =>
        dartwing.asOrg(slug, async (tx) => (await tx.query(`select 1 from ${table}`)).rowCount);
      expect([table, await rows(org)]).toEqual([table, 1]);
      expect([table, await rows(`b-${count}`)]).toEqual([table, 0]);
    }
    await expect(
      dartwing.asOrg(org, (tx) => tx.query('select * from equipment_serial')),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    for (const verb of ['show', 'revoke', 'approve', 'remind'] as const) {
      await expect(dartwing.invitations[verb](`b-${count}`, invitation.id)).rejects.toMatchObject({
        code: 'INVITATION_NOT_FOUND',
      });
    }
    expect((await dartwing.invitations.list(`b-${count}`)).total_count).toBe(0);
  });

  it('keeps the isolation self-test without findings', async () => {
    await expect(dartwing.ready()).resolves.toBeUndefined();
  });

  it('loses invitations and mail with its purge', async () => {
    await invite(`gone-${count}@acme.test`);
    await dartwing.tenancy.dissolve(org, {}, { reason: 'closing' });
    const { after } = { after: await dartwing.tenancy.show(org) };
    await dartwing.tenancy.purge(org, { reason: 'closing' });
    for (const table of ['invitation', 'outgoing_mail']) {
      const { rowCount } = await database.admin.query(`select from ${table} where organization = $1`, [
        after.id,
      ]);
      expect(rowCount).toBe(0);
    }
  });
});
