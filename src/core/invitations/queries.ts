/** Every statement of the invitations room. */
import type { Tx } from '../db/index.js';

export interface InvitationRow {
  organization: string;
  id: string;
  kind: 'email' | 'qr' | 'link' | 'guest';
  email: string | null;
  role: string;
  token_hash: Buffer;
  status: 'pending' | 'awaiting_approval' | 'accepted' | 'expired' | 'revoked';
  expires_at: Date;
  guest_access_until: Date | null;
  invited_by: string;
  invited_person: string | null;
  guardian: string | null;
  requires_approval: boolean;
  accepted_at: Date | null;
  accepted_by: string | null;
  approved_at: Date | null;
  approved_by: string | null;
  reminder_count: number;
  last_reminder_at: Date | null;
  created_at: Date;
  modified_at: Date;
}

const columns = `organization, id, kind, email, role, token_hash, status, expires_at, guest_access_until, invited_by,
  invited_person, guardian, requires_approval, accepted_at, accepted_by, approved_at, approved_by, reminder_count,
  last_reminder_at, created_at, modified_at`;

export type NewInvitation = Pick<
  InvitationRow,
  | 'organization'
  | 'id'
  | 'kind'
  | 'email'
  | 'role'
  | 'token_hash'
  | 'expires_at'
  | 'guest_access_until'
  | 'invited_by'
  | 'invited_person'
  | 'guardian'
  | 'requires_approval'
  | 'created_at'
>;

export async function insertInvitation(tx: Tx, row: NewInvitation): Promise<InvitationRow> {
  const text = `insert into invitation (organization, id, kind, email, role, token_hash, expires_at, guest_access_until,
      invited_by, invited_person, guardian, requires_approval, created_at, modified_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) returning ${columns}`;
  const values = [
    row.organization,
    row.id,
    row.kind,
    row.email,
    row.role,
    row.token_hash,
    row.expires_at,
    row.guest_access_until,
    row.invited_by,
    row.invited_person,
    row.guardian,
    row.requires_approval,
    row.created_at,
  ];
  return (await tx.query<InvitationRow>(text, values, 'dartwing_invitation_insert')).rows[0]!;
}

export async function findInvitationByHash(tx: Tx, hash: Buffer): Promise<InvitationRow | undefined> {
  const text = `select ${columns} from invitation where token_hash = $1`;
  return (await tx.query<InvitationRow>(text, [hash], 'dartwing_invitation_by_hash')).rows[0];
}

export async function findInvitation(
  tx: Tx,
  organization: string,
  id: string,
): Promise<InvitationRow | undefined> {
  const text = `select ${columns} from invitation where organization = $1 and id = $2`;
  return (await tx.query<InvitationRow>(text, [organization, id], 'dartwing_invitation_find')).rows[0];
}

/** The invitation of an address that is still open. */
export async function findOpenInvitation(
  tx: Tx,
  organization: string,
  email: string,
): Promise<InvitationRow | undefined> {
  const text = `select ${columns} from invitation
    where organization = $1 and email = $2 and status in ('pending', 'awaiting_approval')`;
  return (await tx.query<InvitationRow>(text, [organization, email], 'dartwing_invitation_open')).rows[0];
}

export async function lockInvitation(
  tx: Tx,
  organization: string,
  id: string,
): Promise<InvitationRow | undefined> {
  const text = `select ${columns} from invitation where organization = $1 and id = $2 for update`;
  return (await tx.query<InvitationRow>(text, [organization, id], 'dartwing_invitation_lock')).rows[0];
}

type Changes = Partial<
  Pick<
    InvitationRow,
    | 'status'
    | 'token_hash'
    | 'email'
    | 'invited_person'
    | 'accepted_at'
    | 'accepted_by'
    | 'approved_at'
    | 'approved_by'
    | 'reminder_count'
    | 'last_reminder_at'
  >
>;

/** Sets columns of an invitation; their names come from this room. */
export async function updateInvitation(
  tx: Tx,
  row: Pick<InvitationRow, 'organization' | 'id'>,
  changes: Changes,
  at: Date,
): Promise<InvitationRow> {
  const names = Object.keys(changes);
  const assignments = names.map((name, index) => `${name} = $${index + 4}, `).join('');
  const text = `update invitation set ${assignments}modified_at = $3 where organization = $1 and id = $2 returning ${columns}`;
  const values = [row.organization, row.id, at, ...Object.values(changes)];
  return (await tx.query<InvitationRow>(text, values)).rows[0]!;
}

export async function pageInvitations(
  tx: Tx,
  page: { organization: string; state?: string | undefined; now: Date; limit: number; offset: number },
): Promise<{ rows: InvitationRow[]; total: number }> {
  const state = "case when status = 'pending' and expires_at <= $3 then 'expired' else status end";
  const condition = `organization = $1 and ($2::text is null or ${state} = $2)`;
  const { organization, state: wanted = null, now, limit, offset } = page;
  const [rows, total] = await Promise.all([
    tx.query<InvitationRow>(
      `select ${columns} from invitation where ${condition} order by created_at desc, id desc limit $4 offset $5`,
      [organization, wanted, now, limit, offset],
      'dartwing_invitation_page',
    ),
    tx.query<{ total: number }>(
      `select count(*)::int as total from invitation where ${condition}`,
      [organization, wanted, now],
      'dartwing_invitation_count',
    ),
  ]);
  return { rows: rows.rows, total: total.rows[0]!.total };
}

/** Invitations that have run out, locked; those that somebody is working on are passed over. */
export async function takeExpired(
  tx: Tx,
  organization: string | undefined,
  now: Date,
  limit: number,
): Promise<InvitationRow[]> {
  const text = `select ${columns} from invitation
    where status = 'pending' and expires_at <= $2 and ($1::text is null or organization = $1)
    order by expires_at limit $3 for update skip locked`;
  return (
    await tx.query<InvitationRow>(text, [organization ?? null, now, limit], 'dartwing_invitation_expired')
  ).rows;
}

/** An invitation that is to be sent again. */
export interface DueReminder {
  organization: string;
  id: string;
}

/** Invitations by mail that nobody has answered for long, of organizations that take people in; longest first. */
export async function listDueReminders(
  tx: Tx,
  due: { quietSince: Date; endsAfter: Date; remindersMax: number; limit: number },
): Promise<DueReminder[]> {
  const text = `select i.organization, i.id from invitation i join organization o on o.id = i.organization
    where i.status = 'pending' and i.kind in ('email', 'guest') and i.reminder_count < $3 and i.expires_at > $2
      and coalesce(i.last_reminder_at, i.created_at) <= $1 and o.status = 'active'
    order by coalesce(i.last_reminder_at, i.created_at), i.id limit $4`;
  const values = [due.quietSince, due.endsAfter, due.remindersMax, due.limit];
  return (await tx.query<DueReminder & Record<string, unknown>>(text, values, 'dartwing_reminders_due')).rows;
}

/** Everything of the room that belongs to an organization, when it is purged. */
export async function deleteInvitations(tx: Tx, organization: string): Promise<void> {
  await tx.query('delete from invitation where organization = $1', [organization]);
}

/** Gives the invitations of a merged person to the one it was merged into. Returns how many. */
export async function moveInvitations(tx: Tx, loser: string, winner: string): Promise<number> {
  const text = `update invitation set invited_person = case invited_person when $1 then $2 else invited_person end,
      accepted_by = case accepted_by when $1 then $2 else accepted_by end,
      guardian = case guardian when $1 then $2 else guardian end
    where $1 in (invited_person, accepted_by, guardian)`;
  return (await tx.query(text, [loser, winner])).rowCount;
}
