/** Invitations. Their secret leaves in mails; whoever invites by QR code or link gets the link once. */
import { z } from 'zod';
import { asDartwingError } from '../../core/errors.js';
import { moment, page, text } from '../input.js';
import { type Route, route } from '../route.js';

const org = { org: text.min(1).describe('Id or slug') };
const one = z.object({ ...org, invitation: text.min(1) });
const doctype = 'Invitation';
const tag = 'Invitations';

const invitation = z.strictObject({
  kind: z.enum(['email', 'qr', 'link', 'guest']).optional(),
  email: z.string().optional(),
  role: z.string(),
  expires_in_ms: z.int().optional(),
  guest_until: moment.optional(),
  requires_approval: z.boolean().optional(),
  guardian: z.string().optional().describe('Address of the guardian of a child who is invited by QR code'),
  first_name: z.string().optional(),
  last_name: z.string().optional(),
});

export const invitationRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/organizations/{org}/invitations',
    id: 'invite.list',
    tag,
    summary: 'List the invitations of an organization',
    params: z.object(org),
    query: z.strictObject({ ...page, state: text.optional() }),
    kind: 'Invite',
    shape: 'page',
    run: async ({ dartwing, path, query, call }) => ({
      page: { ...(await dartwing.invitations.list(path.org, query, call)) },
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/invitations',
    id: 'invite.create',
    tag,
    summary: 'Invite somebody by mail, QR code or link',
    params: z.object(org),
    body: invitation,
    status: 201,
    kind: 'Invite',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) => {
      const { expires_in_ms, guest_until, requires_approval, first_name, last_name, ...rest } = body;
      const input = {
        ...rest,
        expiresInMs: expires_in_ms,
        guestUntil: guest_until,
        requiresApproval: requires_approval,
        firstName: first_name,
        lastName: last_name,
      };
      return issued(await dartwing.invitations.create(path.org, input, call));
    },
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/invitations/bulk',
    id: 'invite.bulk',
    tag,
    summary: 'Invite everybody on a list (CSV with email,role[,expires])',
    params: z.object(org),
    body: z.strictObject({ csv: z.string() }),
    kind: 'Bulk',
    shape: 'data',
    run: async ({ dartwing, path, body, call }) => {
      const plain = { ...call, witness: undefined };
      // Lines fail one by one, but who may not invite at all is told so once.
      const { id } = await dartwing.tenancy.show(path.org, plain);
      await dartwing.permissions.require('create', { doctype, name: '*', organization: id }, plain);
      const { done, failed } = await dartwing.invitations.bulk(id, body.csv, plain);
      return {
        data: {
          api_version: 'dartwing/v1',
          kind: 'Bulk',
          done,
          failed: failed.map(({ error, ...line }) => ({ ...line, error: publicWords(error) })),
          summary: { done: done.length, failed: failed.length },
        },
      };
    },
  }),
  route({
    method: 'post',
    path: '/v1/invitations/accept',
    id: 'invite.accept',
    tag,
    summary: 'Accept an invitation as the person who is signed in',
    body: z.strictObject({ token: z.string().describe('The secret, or the whole link') }),
    kind: 'Invite',
    shape: 'data',
    doctype,
    run: async ({ dartwing, body, call }) => ({ data: await dartwing.invitations.accept(body, call) }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/invitations/{invitation}',
    id: 'invite.show',
    tag,
    summary: 'Show an invitation',
    params: one,
    kind: 'Invite',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.invitations.show(path.org, path.invitation, call),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/invitations/{invitation}/remind',
    id: 'invite.remind',
    tag,
    summary: 'Send a new link; the earlier one ends',
    params: one,
    kind: 'Invite',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) =>
      issued(await dartwing.invitations.remind(path.org, path.invitation, call)),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/invitations/{invitation}/approve',
    id: 'invite.approve',
    tag,
    summary: 'Approve an invitation that was accepted',
    params: one,
    kind: 'Invite',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.invitations.approve(path.org, path.invitation, call),
    }),
  }),
  route({
    method: 'delete',
    path: '/v1/organizations/{org}/invitations/{invitation}',
    id: 'invite.revoke',
    tag,
    summary: 'Revoke an invitation',
    params: one,
    kind: 'Invite',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.invitations.revoke(path.org, path.invitation, call),
    }),
  }),
];

function issued({ invitation: data, link }: { invitation: unknown; link: string | undefined }) {
  return { data, meta: link === undefined ? {} : { link } };
}

/** What of an error may be told, for lists of things that failed one by one. */
export function publicWords(thrown: unknown) {
  const { code, kind, message, why } = asDartwingError(thrown);
  return kind === 'internal'
    ? { code, message: 'Something went wrong here' }
    : { code, message, ...(why === undefined ? {} : { why }) };
}
