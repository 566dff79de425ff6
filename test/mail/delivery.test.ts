import { createServer } from 'node:net';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDartwing, type Dartwing, fakeClock } from '../../src/core/index.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { header, linkIn, type MailServer, plain, startMailServer } from './smtp.js';

const from = 'Acme <no-reply@acme.test>';
const clock = fakeClock('2026-11-23T10:00:00.000Z');
let database: TestDatabase;
let mail: MailServer;
let sender: Dartwing;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  mail = await startMailServer();
  sender = await open(mail.url);
  await sender.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  return () => sender.close();
});

beforeEach(async () => {
  mail.received.length = 0;
  mail.delay(0);
  await database.admin.query('delete from outgoing_mail');
});

const open = (smtpUrl: string) =>
  createDartwing(
    testOptions(database, { clock, mail: { smtpUrl, from }, publicUrl: 'https://app.acme.test' }),
  );

/** Posts a mail from a process whose server does not answer, so that it stays for others; then it is due as if new. */
const post = async (slug = 'acme') => {
  const email = `mail-${++count}@acme.test`;
  const writer = await open('smtp://127.0.0.1:1');
  const { invitation, link } = await writer.invitations.create(slug, { email, role: 'Employee' });
  await writer.close();
  await database.admin.query(
    "update outgoing_mail set attempts = 0, due_at = $1, last_error = null where status = 'queued'",
    [clock.now()],
  );
  return { email, invitation, link: link! };
};

const rowOf = async (email: string) =>
  (
    await database.admin.query(
      'select * from outgoing_mail where recipient = $1 order by created_at desc, id desc',
      [email],
    )
  ).rows[0];

describe('delivery', () => {
  it('arrives with one link, plain and as HTML, and leaves no content behind', async () => {
    const { email, link } = await post();
    expect(await sender.mail.sendDue()).toEqual({ sent: 1, deferred: 0, failed: 0 });
    const [received] = mail.received;
    expect(received!.to).toEqual([email]);
    expect(linkIn(received!)).toBe(link);
    expect(header(received!, 'Subject')).toBe('Invitation to acme');
    expect(header(received!, 'From')).toBe('Acme <no-reply@acme.test>');
    expect(header(received!, 'Auto-Submitted')).toBe('auto-generated');
    expect(header(received!, 'Content-Type')).toContain('multipart/alternative');
    expect(await rowOf(email)).toMatchObject({ status: 'sent', content: null, last_error: null });
    expect(await sender.mail.sendDue()).toEqual({ sent: 0, deferred: 0, failed: 0 });
  });

  it.each([
    ['connect', 421],
    ['recipient', 450],
    ['data', 451],
  ] as const)('tries again after the server said %s %i, under the same Message-ID', async (stage, code) => {
    const { email } = await post();
    mail.refuse(stage, code);
    expect(await sender.mail.sendDue()).toEqual({ sent: 0, deferred: 1, failed: 0 });
    const { id, last_error, due_at } = await rowOf(email);
    expect(last_error).toContain('refused');
    expect(last_error).not.toContain('dwi_');
    expect(due_at.getTime() - clock.now().getTime()).toBe(10_000);
    expect(await sender.mail.sendDue()).toEqual({ sent: 0, deferred: 0, failed: 0 });
    clock.advance(10_000);
    expect((await sender.mail.sendDue()).sent).toBe(1);
    expect(header(mail.received[0]!, 'Message-ID')).toBe(`<${id}@acme.test>`);
    expect(mail.received).toHaveLength(1);
  });

  it.each([
    ['recipient', 550],
    ['data', 554],
  ] as const)('fails at once when the server refuses for good: %s %i', async (stage, code) => {
    const { email, invitation } = await post();
    mail.refuse(stage, code);
    expect(await sender.mail.sendDue()).toEqual({ sent: 0, deferred: 0, failed: 1 });
    expect(await rowOf(email)).toMatchObject({ status: 'failed', content: null, attempts: 1 });
    expect((await sender.invitations.show('acme', invitation.id)).status).toMatchObject({
      mail: 'failed',
      mail_error: expect.stringContaining(String(code)),
    });
  });

  it('waits longer from attempt to attempt and gives up after the eighth', async () => {
    const { email } = await post();
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      mail.refuse('recipient', 450);
      await sender.mail.sendDue();
      const { due_at, status } = await rowOf(email);
      pauses.push((due_at.getTime() - clock.now().getTime()) / 1_000);
      expect(status).toBe(attempt < 8 ? 'queued' : 'failed');
      clock.set(due_at);
    }
    expect(pauses[0]).toBe(10);
    expect(pauses[6]).toBe(3_600);
    expect([...pauses.slice(0, 7)].sort((a, b) => a - b)).toEqual(pauses.slice(0, 7));
    expect(await rowOf(email)).toMatchObject({ status: 'failed', content: null, attempts: 8 });
  });

  it('loses nothing while the server is down, and spends no attempt of the others on it', async () => {
    const posted = [await post(), await post(), await post(), await post(), await post(), await post()];
    const down = await open('smtp://127.0.0.1:1');
    const { deferred } = await down.mail.sendDue();
    await down.close();
    expect(deferred).toBeLessThanOrEqual(4);
    clock.advance(10_000);
    expect((await sender.mail.sendDue()).sent).toBe(6);
    expect(mail.received.map(({ to }) => to[0]).sort()).toEqual(posted.map(({ email }) => email).sort());
  });

  it('survives a server that accepts and then closes', async () => {
    const rude = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
    const { port } = rude.address() as { port: number };
    const { email } = await post();
    const unlucky = await open(`smtp://127.0.0.1:${port}`);
    expect(await unlucky.mail.sendDue()).toEqual({ sent: 0, deferred: 1, failed: 0 });
    await unlucky.close();
    rude.close();
    expect(await rowOf(email)).toMatchObject({ status: 'queued', attempts: 1 });
  });

  it('sends nothing of a transaction that was rolled back', async () => {
    await sender.invitations.create('acme', { email: 'dry@acme.test', role: 'Employee' }, { dryRun: true });
    await sender.mail.sendDue();
    expect(mail.received).toEqual([]);
    expect((await database.admin.query('select from outgoing_mail')).rowCount).toBe(0);
  });

  it('does not send what was revoked before', async () => {
    const { email, invitation } = await post();
    await sender.invitations.revoke('acme', invitation.id);
    expect((await sender.mail.sendDue()).sent).toBe(0);
    expect(await rowOf(email)).toMatchObject({ status: 'canceled', content: null });
  });

  it('says no_transport where there is no mail server, and keeps no content', async () => {
    const mute = await createDartwing(testOptions(database, { clock }));
    const email = 'mute@acme.test';
    const { invitation } = await mute.invitations.create('acme', { email, role: 'Employee' });
    expect(invitation.status.mail).toBe('no_transport');
    expect(await rowOf(email)).toMatchObject({ status: 'no_transport', content: null });
    await mute.close();
    expect((await sender.mail.sendDue()).sent).toBe(0);
  });

  it('refuses to open with a server and no sender', async () => {
    const options = testOptions(database, { mail: { smtpUrl: mail.url } });
    await expect(createDartwing(options)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const evil = testOptions(database, { mail: { smtpUrl: mail.url, from: 'a@b.test\r\nBcc: c@d.test' } });
    await expect(createDartwing(evil)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('values', () => {
  it('cannot begin a header or a tag', async () => {
    const name = 'Eve\r\nBcc: all@acme.test\r\n\r\n<script>alert(1)</script> "&';
    await sender.tenancy.create({ slug: 'evil', type: 'company' });
    await database.admin.query('update organization set org_name = $1 where slug = $2', [name, 'evil']);
    const { email } = await post('evil');
    await sender.mail.sendDue();
    const [received] = mail.received;
    expect(received!.to).toEqual([email]);
    expect(received!.raw.split('\r\n\r\n')[0]).not.toMatch(/^bcc:/im);
    expect(header(received!, 'Subject')).toContain('Eve_Bcc=3A_all=40acme');
    const html = plain(received!.raw).split('text/html')[1]!;
    expect(html).not.toContain('<script>');
    expect(html).toContain('&#60;script&#62;');
  });
});

describe('several processes', () => {
  it('send each mail once', async () => {
    const posted = [];
    for (let index = 0; index < 12; index++) posted.push(await post());
    mail.delay(20);
    const others = await Promise.all([open(mail.url), open(mail.url), open(mail.url)]);
    const runs = await Promise.all([sender, ...others].map((dartwing) => dartwing.mail.sendDue()));
    await Promise.all(others.map((dartwing) => dartwing.close()));
    expect(runs.reduce((sum, { sent }) => sum + sent, 0)).toBe(12);
    expect(mail.received.map(({ to }) => to[0]).sort()).toEqual(posted.map(({ email }) => email).sort());
  });

  it('take over from one that died, after its lease and not before', async () => {
    const { email } = await post();
    await database.admin.query(
      "update outgoing_mail set lease = 'dead', leased_until = $2, attempts = 1 where recipient = $1",
      [email, new Date(clock.now().getTime() + 300_000)],
    );
    expect((await sender.mail.sendDue()).sent).toBe(0);
    clock.advance(300_000);
    expect((await sender.mail.sendDue()).sent).toBe(1);
  });

  it('leave a mail alone that killed eight', async () => {
    const { email } = await post();
    await database.admin.query('update outgoing_mail set attempts = 8 where recipient = $1', [email]);
    expect(await sender.mail.sendDue()).toEqual({ sent: 0, deferred: 0, failed: 1 });
    expect(mail.received).toEqual([]);
  });
});
