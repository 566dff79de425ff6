/** How an invitation looks outside. Pure. */
import type { MailState } from './letter.js';
import type { InvitationRow } from './queries.js';

export const invitationStates = ['pending', 'awaiting_approval', 'accepted', 'expired', 'revoked'] as const;

export type InvitationState = (typeof invitationStates)[number];

/** The document `Invite`. It never holds the secret. */
export interface InvitationDocument {
  api_version: 'dartwing/v1';
  kind: 'Invite';
  id: string;
  organization: string;
  email: string | null;
  role: string;
  invite_kind: InvitationRow['kind'];
  expires_at: string;
  guest_access_until: string | null;
  requires_approval: boolean;
  invited_by: string;
  person: string | null;
  guardian: string | null;
  created_at: string;
  status: {
    state: InvitationState;
    accepted_at: string | null;
    accepted_by: string | null;
    approved_at: string | null;
    approved_by: string | null;
    reminders: number;
    last_reminder_at: string | null;
    /** How its latest mail stands; null when none was to be sent. */
    mail: MailState['status'] | null;
    mail_error: string | null;
  };
}

/** A page of invitations. */
export interface InvitationList {
  api_version: 'dartwing/v1';
  kind: 'InviteList';
  items: InvitationDocument[];
  total_count: number;
  limit: number;
  offset: number;
}

/** The state that counts at `now`, also before `expire` has written it down. */
export function stateAt(row: Pick<InvitationRow, 'status' | 'expires_at'>, now: Date): InvitationState {
  return row.status === 'pending' && row.expires_at <= now ? 'expired' : row.status;
}

export function invitationDocument(row: InvitationRow, now: Date, mail?: MailState): InvitationDocument {
  return {
    api_version: 'dartwing/v1',
    kind: 'Invite',
    id: row.id,
    organization: row.organization,
    email: row.email,
    role: row.role,
    invite_kind: row.kind,
    expires_at: row.expires_at.toISOString(),
    guest_access_until: text(row.guest_access_until),
    requires_approval: row.requires_approval,
    invited_by: row.invited_by,
    person: row.invited_person,
    guardian: row.guardian,
    created_at: row.created_at.toISOString(),
    status: {
      state: stateAt(row, now),
      accepted_at: text(row.accepted_at),
      accepted_by: row.accepted_by,
      approved_at: text(row.approved_at),
      approved_by: row.approved_by,
      reminders: row.reminder_count,
      last_reminder_at: text(row.last_reminder_at),
      mail: mail?.status ?? null,
      mail_error: mail?.last_error ?? null,
    },
  };
}

function text(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
