import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import { linkIn, type MailServer, startMailServer } from '../mail/smtp.js';
import { errorEvent, type RunOptions, run, temporaryFolder } from '../support/cli.js';
import { createTestDatabase, testOptions } from '../support/database.js';
import { masterKey } from '../support/server.js';

let env: Record<string, string>;
let dartwing: Dartwing;
let mail: MailServer;

beforeAll(async () => {
  const database = await createTestDatabase();
  mail = await startMailServer();
  env = { DARTWING_URL: database.url, DARTWING_MASTER_KEY: masterKey, DARTWING_ORG: 'acme' };
  dartwing = await createDartwing(testOptions(database));
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  await dartwing.tenancy.create({ slug: 'home', type: 'family', owner: 'mum@home.test' });
  return () => dartwing.close();
});

const invite = (args: readonly string[], more: RunOptions = {}) => run(['invite', ...args], { env, ...more });
const withMail = () => ({
  env: { ...env, DARTWING_SMTP_URL: mail.url, DARTWING_MAIL_FROM: 'no-reply@acme.test' },
});

describe('invite', () => {
  test('sends a mail before the command ends, whose link accepts; the link is on no stream', async () => {
    const created = await invite(['create', 'bo@acme.test', '--role', 'Employee', '--json'], withMail());
    expect(created.code, created.stderr).toBe(0);
    const document = JSON.parse(created.stdout) as { id: string };
    expect(() => schemas.Invite!.parse(document)).not.toThrow();
    expect(document).toMatchObject({ email: 'bo@acme.test', status: { state: 'pending', mail: 'queued' } });
    const link = linkIn(mail.received[0]!);
    expect(created.stdout + created.stderr).not.toContain('dwi_');
    const shown = await invite(['show', document.id, '--field', 'status.mail']);
    expect(shown.stdout).toBe('sent\n');

    const accepted = await invite(['accept', '--token-stdin', '--json', '--debug'], { input: `${link}\n` });
    expect(accepted.code, accepted.stderr).toBe(0);
    expect(JSON.parse(accepted.stdout)).toMatchObject({ id: document.id, status: { state: 'accepted' } });
    expect(accepted.stdout + accepted.stderr).not.toContain(link.split('#')[1]);
    const again = await invite(['accept', '--token-stdin', '--json'], { input: link });
    expect(again.stdout).toBe(accepted.stdout);
  });

  test('without a mail server says that nothing was sent, and prints the link on a terminal only', async () => {
    const mute = await invite(['create', 'cy@acme.test', '--role', 'Employee']);
    expect(mute.code).toBe(0);
    expect(mute.stderr).toContain('No mail was sent');
    expect(mute.stdout + mute.stderr).not.toContain('dwi_');
    const piped = await invite(['create', 'dee@acme.test', '--role', 'Employee', '--show-link', '--json']);
    expect(piped).toMatchObject({ code: 2, stdout: '' });
    const line = ['create', 'dee@acme.test', '--role', 'Employee', '--no-email', '--show-link'];
    const { stdout, code } = await invite(line, { tty: true, columns: 200 });
    expect(code, stdout).toBe(0);
    const link = /http:\/\/localhost:4000\/invite#dwi_[\w-]{43}/.exec(stdout)![0];
    expect((await invite(['accept', '--token-stdin'], { input: link })).stdout).toContain('Accepted');
  });

  test('draws a QR code for a child', async () => {
    const line = [
      'create',
      '--qr',
      '--guardian',
      'mum@home.test',
      '--name',
      'Bo',
      '--role',
      'Child',
      '--show-link',
    ];
    const { stdout, code } = await invite([...line, '--org', 'home'], { tty: true, columns: 200 });
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/[▀▄█]{8}/);
    expect(stdout).toContain('mum+child-');
  });

  test('lists, reminds, revokes and expires', async () => {
    await invite(['create', 'eve@acme.test', '--role', 'Employee', '--expires', '5m'], withMail());
    const list = await invite(['list', '--state', 'pending', '--json']);
    const document = JSON.parse(list.stdout) as { items: { id: string; email: string }[] };
    expect(() => schemas.InviteList!.parse(document)).not.toThrow();
    const { id } = document.items.find(({ email }) => email === 'eve@acme.test')!;
    const soon = await invite(['remind', id, '--json']);
    expect(soon).toMatchObject({ code: 7, stdout: '' });
    expect(errorEvent(soon.stderr).code).toBe('REMINDER_REFUSED');
    expect((await invite(['revoke', id, '--json'])).code).toBe(2);
    expect((await invite(['show', id, '--field', 'status.state'])).stdout).toBe('pending\n');
    expect((await invite(['revoke', id, '--yes'])).code).toBe(0);
    expect((await invite(['revoke', id, '--yes'])).code).toBe(0);
    const expired = await invite(['expire', '--json']);
    expect(JSON.parse(expired.stdout)).toMatchObject({ kind: 'InviteList', items: [] });
  });

  test('takes a list from a file or stdin, and exits 8 when some lines failed', async () => {
    const file = join(temporaryFolder(), 'staff.csv');
    writeFileSync(file, 'email,role\nf1@acme.test,Employee\nnobody,Employee\n=f2@acme.test,Employee\n');
    const dry = await invite(['bulk', '--csv', file, '--dry-run']);
    expect(dry).toMatchObject({
      code: 8,
      stdout: '1 would be invited, 2 failed (dry run: nothing was written)\n',
      stderr: expect.stringMatching(/line 3: .*nobody[\s\S]*line 4: /),
    });
    const { stdout, code } = await invite(['bulk', '--csv', file, '--json']);
    expect(code).toBe(8);
    const bulk = JSON.parse(stdout);
    expect(() => schemas.Bulk!.parse(bulk)).not.toThrow();
    expect(bulk).toMatchObject({
      done: [{ line: 2, email: 'f1@acme.test' }],
      failed: [
        { line: 3, error: { code: 'EMAIL_INVALID' } },
        { line: 4, error: { code: 'VALIDATION_ERROR' } },
      ],
      summary: { done: 1, failed: 2 },
    });
    const many = Array.from({ length: 11 }, (_, index) => `g${index}@acme.test,Employee`).join('\n');
    const input = `email,role\n${many}\n`;
    expect((await invite(['bulk', '--csv', '-', '--json'], { input })).code).toBe(2);
    expect((await invite(['bulk', '--csv', '-', '--json', '--yes'], { input })).code).toBe(0);
  });

  test.each([
    [['create', 'x@acme.test'], 2, 'INPUT_REQUIRED'],
    [['create', '--role', 'Employee'], 2, 'VALIDATION_ERROR'],
    [['create', 'x@acme.test', '--role', 'Employe'], 3, 'ROLE_NOT_FOUND'],
    [['create', 'x@acme.test', '--role', 'Employee', '--org', 'nope'], 3, 'ORGANIZATION_NOT_FOUND'],
    [['create', 'ana@acme.test', '--role', 'Employee'], 5, 'DUPLICATE_MEMBERSHIP'],
    [['create', 'x@acme.test', '--role', 'Employee', '--guest-until', '+1d', '--qr'], 2, 'VALIDATION_ERROR'],
    [['create', '--role', 'Employee', '--qr', '--guardian', 'ana@acme.test'], 2, 'INPUT_REQUIRED'],
    [['create', 'x@acme.test', '--role', 'Employee', '--no-email'], 2, 'INPUT_REQUIRED'],
    [['show', 'nothing'], 3, 'INVITATION_NOT_FOUND'],
    [['bulk', '--csv', '/nowhere/at/all.csv'], 2, 'BAD_FILE'],
    [['bulk'], 2, 'INPUT_REQUIRED'],
    [['accept'], 2, 'INPUT_REQUIRED'],
    [['accept', '--token-stdin'], 3, 'INVITATION_NOT_FOUND'],
    [['accept', `dwi_${'A'.repeat(43)}`], 2, 'SECRET_ON_ARGV'],
  ])('%j exits %i with %s', async (args, exit, code) => {
    const answer = await invite([...args, '--json']);
    expect({ code: answer.code, stdout: answer.stdout }).toEqual({ code: exit, stdout: '' });
    expect(errorEvent(answer.stderr).code).toBe(code);
  });

  test('--dry-run writes nothing and sends nothing', async () => {
    const before = mail.received.length;
    const { stdout } = await invite(
      ['create', 'dry@acme.test', '--role', 'Employee', '-n', '--json'],
      withMail(),
    );
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'Invite', dry_run: true });
    const { items } = await dartwing.invitations.list('acme', { limit: 500 });
    expect(items.map(({ email }) => email)).not.toContain('dry@acme.test');
    expect(mail.received).toHaveLength(before);
  });
});
