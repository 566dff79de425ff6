/** Invitations. */
import { z } from 'zod';
import { document, list, row, time } from './base.js';

const invitation = {
  id: z.string(),
  organization: z.string(),
  email: z.string().nullable(),
  role: z.string(),
  invite_kind: z.string().describe('email, qr, link or guest'),
  expires_at: time,
  guest_access_until: time.nullable(),
  requires_approval: z.boolean(),
  invited_by: z.string(),
  person: z.string().nullable(),
  created_at: time,
  status: z.looseObject({
    state: z.string().describe('pending, awaiting_approval, accepted, expired or revoked'),
    accepted_at: time.nullable(),
    reminders: z.int(),
    mail: z
      .string()
      .nullable()
      .describe('queued, sent, failed, canceled or no_transport; null: none to send'),
  }),
};

export const invitations = {
  Invite: document('Invite', invitation),
  InviteList: list('InviteList', row(invitation)),
};
