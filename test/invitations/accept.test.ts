import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { linkIn, type MailServer, startMailServer } from '../mail/smtp.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;
let mail: MailServer;
let clock: Awaited<ReturnType<typeof openTestDartwing>>['clock'];
const dayMs = 86_400_000;
/** The first mail of a process waits for its library to be loaded. */
const patience = { timeout: 15_000 };
let org = '';
let count = 0;

beforeAll(async () => {
  mail = await startMailServer();
  ({ dartwing, database, clock } = await openTestDartwing({
    mail: { smtpUrl: mail.url, from: 'Acme <no-reply@acme.test>' },
    publicUrl: 'https://app.acme.test/',
  }));
});

beforeEach(async () => {
  org = `acme-${++count}`;
  await dartwing.tenancy.create({ slug: org, type: 'company', owner: 'ana@acme.test' });
});

const stateOf = async (email: string) => {
  const { rows } = await database.admin.query(
    `select m.status, m.role, m.guest_until, p.frappe_user, p.source,
       (select count(*)::int from permission_grant g where g.organization = m.organization and g.user_name = p.frappe_user) as grants
     from org_member m join organization o on o.id = m.organization join person p on p.id = m.person
     where o.slug = $1 and m.person_email = $2`,
    [org, email],
  );
  return rows[0];
};

const actions = async (pattern: string) =>
  (
    await database.admin.query(
      `select convert_from(body, 'UTF8')::json ->> 'action' as action from audit_stage s
       join organization o on o.id = s.organization where o.slug = $1 order by s.id`,
      [org],
    )
  ).rows
    .map((row) => row.action as string)
    .filter((action) => action.startsWith(pattern));

describe('inviting by mail', () => {
  it('sends a link that makes an unknown person an active member with account and grants', async () => {
    const email = `new-${count}@acme.test`;
    const { invitation } = await dartwing.invitations.create(org, { email, role: 'Employee' });
    expect(invitation).toMatchObject({
      kind: 'Invite',
      email,
      invite_kind: 'email',
      status: { state: 'pending' },
    });
    expect(await stateOf(email)).toMatchObject({
      status: 'pending',
      frappe_user: null,
      grants: 0,
      source: 'invite',
    });
    await expect.poll(() => mail.received.find(({ to }) => to.includes(email)), patience).toBeDefined();
    const link = linkIn(mail.received.find(({ to }) => to.includes(email))!);
    expect(link).toMatch(/^https:\/\/app\.acme\.test\/invite#dwi_/);
    clock.advance(60_000);
    const accepted = await dartwing.invitations.accept({ token: link, subject: `kc-${count}` });
    expect(accepted).toMatchObject({ id: invitation.id, status: { state: 'accepted' } });
    expect(await stateOf(email)).toMatchObject({ status: 'active', frappe_user: email, grants: 2 });
    expect(await actions('invitation.')).toEqual(['invitation.create', 'invitation.accept']);
  });

  it('keeps a known person pending, without any grant, until they accept', async () => {
    await dartwing.tenancy.create({
      slug: `other-${count}`,
      type: 'company',
      owner: `known-${count}@acme.test`,
    });
    const email = `known-${count}@acme.test`;
    const { link } = await dartwing.invitations.create(org, { email, role: 'Manager' });
    expect(await stateOf(email)).toMatchObject({ status: 'pending', role: 'Manager', grants: 0 });
    await dartwing.invitations.accept({ token: link! });
    expect(await stateOf(email)).toMatchObject({ status: 'active', grants: 2 });
  });

  it('brings a former member back in the row they had', async () => {
    const email = `former-${count}@acme.test`;
    const first = await dartwing.invitations.create(org, { email, role: 'Employee' });
    await dartwing.invitations.revoke(org, first.invitation.id);
    expect(await stateOf(email)).toMatchObject({ status: 'inactive' });
    const { link } = await dartwing.invitations.create(org, { email, role: 'Contractor' });
    expect(await stateOf(email)).toMatchObject({ status: 'inactive' });
    await dartwing.invitations.accept({ token: link! });
    expect(await stateOf(email)).toMatchObject({ status: 'active', role: 'Contractor' });
  });

  it.each([
    [{ email: 'no address', role: 'Employee' }, 'EMAIL_INVALID'],
    [{ email: 'x@acme.test', role: 'Emploee' }, 'ROLE_NOT_FOUND'],
    [{ email: 'x@acme.test', role: 'Parent' }, 'INVALID_ROLE_FOR_ORG_TYPE'],
    [{ role: 'Employee' }, 'VALIDATION_ERROR'],
    [{ email: 'x@acme.test', role: 'Employee', expiresInMs: 1_000 }, 'VALIDATION_ERROR'],
    [{ email: 'x@acme.test', role: 'Employee', expiresInMs: 100 * dayMs }, 'VALIDATION_ERROR'],
    [{ email: 'x@acme.test', role: 'Owner', guestUntil: new Date('2026-12-01') }, 'VALIDATION_ERROR'],
    [{ email: 'x@acme.test', role: 'Employee', guestUntil: new Date('2020-01-01') }, 'VALIDATION_ERROR'],
    [{ email: 'ana@acme.test', role: 'Employee' }, 'DUPLICATE_MEMBERSHIP'],
    [{ email: 'x@acme.test\r\nBcc: y@acme.test', role: 'Employee' }, 'EMAIL_INVALID'],
  ])('refuses %j with %s and stores nothing', async (input, code) => {
    await expect(dartwing.invitations.create(org, input)).rejects.toMatchObject({ code });
    expect((await dartwing.invitations.list(org)).total_count).toBe(0);
  });

  it('refuses a second open invitation of the same address and names the first', async () => {
    const input = { email: `twice-${count}@acme.test`, role: 'Employee' };
    const { invitation } = await dartwing.invitations.create(org, input);
    await expect(dartwing.invitations.create(org, input)).rejects.toMatchObject({
      code: 'INVITATION_EXISTS',
      fix: [expect.stringContaining(invitation.id), expect.anything()],
    });
  });
});

describe('accepting', () => {
  it('gives the same person the same answer twice', async () => {
    const { link } = await dartwing.invitations.create(org, {
      email: `same-${count}@acme.test`,
      role: 'Employee',
    });
    const first = await dartwing.invitations.accept({ token: link! });
    expect(await dartwing.invitations.accept({ token: link! })).toEqual(first);
    expect(await actions('invitation.accept')).toHaveLength(1);
  });

  it('is refused to somebody else, before and after', async () => {
    const { link, invitation } = await dartwing.invitations.create(org, {
      email: `mine-${count}@acme.test`,
      role: 'Employee',
    });
    const thief = { principal: { type: 'person', id: 'PERSON-2026-99999' } } as const;
    await expect(dartwing.invitations.accept({ token: link! }, thief)).rejects.toMatchObject({
      code: 'INVITATION_FOR_ANOTHER',
    });
    await expect(
      dartwing.invitations.accept({ token: link!, email: 'thief@acme.test' }),
    ).rejects.toMatchObject({ code: 'INVITATION_FOR_ANOTHER' });
    const self = { principal: { type: 'person', id: invitation.person! } } as const;
    await dartwing.invitations.accept({ token: link! }, self);
    await expect(dartwing.invitations.accept({ token: link! }, thief)).rejects.toMatchObject({
      code: 'INVITATION_STATE',
    });
  });

  it('refuses tokens that are forged, malformed, expired or revoked', async () => {
    const forged = `dwi_${'A'.repeat(43)}`;
    for (const token of [forged, '', 'x', `${forged}'; drop table invitation --`, 'a'.repeat(100_000)]) {
      await expect(dartwing.invitations.accept({ token })).rejects.toMatchObject({
        code: 'INVITATION_NOT_FOUND',
      });
    }
    const late = await dartwing.invitations.create(org, {
      email: `late-${count}@acme.test`,
      role: 'Employee',
    });
    clock.advance(7 * dayMs);
    await expect(dartwing.invitations.accept({ token: late.link! })).rejects.toMatchObject({
      code: 'INVITATION_STATE',
      message: expect.stringContaining('expired'),
    });
    const back = await dartwing.invitations.create(org, {
      email: `back-${count}@acme.test`,
      role: 'Employee',
    });
    await dartwing.invitations.revoke(org, back.invitation.id);
    await expect(dartwing.invitations.accept({ token: back.link! })).rejects.toMatchObject({
      code: 'INVITATION_STATE',
      message: expect.stringContaining('revoked'),
    });
    expect(await stateOf(`back-${count}@acme.test`)).toMatchObject({ status: 'inactive', grants: 0 });
  });

  it('is refused by an organization that is suspended', async () => {
    const { link } = await dartwing.invitations.create(org, {
      email: `sus-${count}@acme.test`,
      role: 'Employee',
    });
    await dartwing.tenancy.suspend(org, {}, { reason: 'unpaid' });
    await expect(dartwing.invitations.accept({ token: link! })).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
    });
  });

  it('happens once when many accept a link at the same time', async () => {
    const { link } = await dartwing.invitations.create(org, { kind: 'link', role: 'Employee' });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        dartwing.invitations.accept({ token: link!, email: `race-${index}-${count}@acme.test` }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { rows } = await database.admin.query(
      `select count(*)::int as members from org_member m join organization o on o.id = m.organization
       where o.slug = $1 and m.person_email like 'race-%'`,
      [org],
    );
    expect(rows).toEqual([{ members: 1 }]);
  });

  it('waits for approval where it was asked for', async () => {
    const email = `wait-${count}@acme.test`;
    const { link, invitation } = await dartwing.invitations.create(org, {
      email,
      role: 'Employee',
      requiresApproval: true,
    });
    await expect(dartwing.invitations.approve(org, invitation.id)).rejects.toMatchObject({
      code: 'INVITATION_STATE',
    });
    const waiting = await dartwing.invitations.accept({ token: link! });
    expect(waiting.status.state).toBe('awaiting_approval');
    expect(await stateOf(email)).toMatchObject({ status: 'pending', grants: 0 });
    expect(await dartwing.invitations.accept({ token: link! })).toEqual(waiting);
    const approved = await dartwing.invitations.approve(org, invitation.id);
    expect(approved.status).toMatchObject({ state: 'accepted', approved_by: 'library' });
    expect(await stateOf(email)).toMatchObject({ status: 'active', grants: 2 });
    expect(await actions('invitation.')).toEqual([
      'invitation.create',
      'invitation.accept',
      'invitation.approve',
    ]);
  });

  it('T-A12 gives no access while pending, and grants with acceptance', async () => {
    const email = `t-a12-${count}@acme.test`;
    const { link, invitation } = await dartwing.invitations.create(org, { email, role: 'Employee' });
    const seen = () =>
      dartwing.asPerson(
        invitation.person!,
        async (tx) => (await tx.query('select id from organization')).rows.length,
      );
    expect(await seen()).toBe(0);
    await dartwing.invitations.accept({ token: link! });
    expect(await seen()).toBe(1);
  });
});

describe('children and links', () => {
  it('gives a child an address of its guardian, without mail, and makes it a member on scanning', async () => {
    await dartwing.tenancy.create({ slug: `fam-${count}`, type: 'family', owner: `mum-${count}@home.test` });
    const { link, invitation } = await dartwing.invitations.create(`fam-${count}`, {
      kind: 'qr',
      role: 'Child',
      guardian: `mum-${count}@home.test`,
      firstName: 'Bo',
    });
    expect(invitation.email).toMatch(new RegExp(`^mum-${count}\\+child-[0-9a-f]{8}@home\\.test$`));
    expect(invitation.status.mail).toBeNull();
    const accepted = await dartwing.invitations.accept({ token: link! });
    const { rows } = await database.admin.query(
      'select is_minor, first_name, consent_captured from person where id = $1',
      [accepted.status.accepted_by],
    );
    expect(rows).toEqual([{ is_minor: true, first_name: 'Bo', consent_captured: false }]);
  });

  it('draws the link as SVG and for a terminal', async () => {
    const { drawQrCode } = await import('../../src/core/invitations/index.js');
    const link = 'https://app.acme.test/invite#dwi_x';
    expect(await drawQrCode(link, 'svg')).toMatch(/^<svg /);
    const drawn = await drawQrCode(link, 'terminal');
    expect(drawn).toMatch(/[▀▄█]/);
    expect(drawn).not.toContain('\u001b');
  });

  it('asks who accepts where the invitation names nobody', async () => {
    const { link } = await dartwing.invitations.create(org, { kind: 'link', role: 'Employee' });
    await expect(dartwing.invitations.accept({ token: link! })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
  });
});
