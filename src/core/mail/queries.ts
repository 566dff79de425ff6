/** Every statement of the mail room. */
import type { Tx } from '../db/index.js';

/** A message under a lease. */
export interface LeasedMail {
  organization: string;
  id: string;
  recipient: string;
  /** The sealed content. */
  letter: Buffer | null;
  /** The same, of a message that an earlier version wrote down. */
  content: Buffer | null;
  attempts: number;
  created_at: Date;
}

export interface NewMail {
  organization: string;
  id: string;
  about: string;
  recipient: string;
  template: string;
  /** The sealed content; null where there is no mail server. */
  letter: Buffer | null;
  at: Date;
}

export async function insertMail(tx: Tx, mail: NewMail): Promise<void> {
  const text = `insert into outgoing_mail (organization, id, about, recipient, template, letter, status, due_at, created_at)
    values ($1, $2, $3, $4, $5, $6::bytea, case when $6::bytea is null then 'no_transport' else 'queued' end, $7, $7)`;
  const { organization, id, about, recipient, template, letter, at } = mail;
  await tx.query(text, [organization, id, about, recipient, template, letter, at], 'dartwing_mail_insert');
}

/** Takes the mail that has been due for longest, unless another process holds it. */
export async function claimMail(
  tx: Tx,
  { now, until, lease }: { now: Date; until: Date; lease: string },
): Promise<LeasedMail | undefined> {
  const text = `with due as (
      select organization, id from outgoing_mail
      where status = 'queued' and due_at <= $1 and (leased_until is null or leased_until <= $1)
      order by due_at limit 1 for update skip locked
    )
    update outgoing_mail m set lease = $3, leased_until = $2, attempts = m.attempts + 1
    from due where m.organization = due.organization and m.id = due.id
    returning m.organization, m.id, m.recipient, m.letter, m.content, m.attempts, m.created_at`;
  return (await tx.query<LeasedMail>(text, [now, until, lease], 'dartwing_mail_claim')).rows[0];
}

/** What became of an attempt. */
export interface Settlement {
  status: 'sent' | 'queued' | 'failed';
  /** When a queued one is due again. */
  dueAt: Date;
  error: string | null;
  now: Date;
}

/** Writes down what became of an attempt, unless the lease has gone to another process. */
export async function settleMail(
  tx: Tx,
  mail: Pick<LeasedMail, 'organization' | 'id'>,
  lease: string,
  { status, dueAt, error, now }: Settlement,
): Promise<void> {
  const text = `update outgoing_mail set status = $4, due_at = $5, last_error = $6, lease = null, leased_until = null,
      sent_at = case when $4 = 'sent' then $7::timestamptz end,
      content = case when $4 = 'queued' then content end, letter = case when $4 = 'queued' then letter end
    where organization = $1 and id = $2 and lease = $3 and status = 'queued'`;
  await tx.query(
    text,
    [mail.organization, mail.id, lease, status, dueAt, error, now],
    'dartwing_mail_settle',
  );
}

/** Keeps what waits about something from being sent. What is being sent just now is on its way. */
export async function cancelMail(tx: Tx, organization: string, about: string): Promise<void> {
  const text = `update outgoing_mail set status = 'canceled', content = null, letter = null, lease = null, leased_until = null
    where organization = $1 and about = $2 and status = 'queued'`;
  await tx.query(text, [organization, about], 'dartwing_mail_cancel');
}

/** Everything of the room that belongs to an organization, when it is purged. */
export async function deleteMail(tx: Tx, organization: string): Promise<void> {
  await tx.query('delete from outgoing_mail where organization = $1', [organization]);
}

/** State of the latest message about something, as the sender sees it. */
export interface MailState {
  about: string;
  status: 'queued' | 'sent' | 'failed' | 'canceled' | 'no_transport';
  attempts: number;
  last_error: string | null;
  sent_at: Date | null;
}

export async function findMailStates(
  tx: Tx,
  organization: string,
  about: readonly string[],
): Promise<MailState[]> {
  const text = `select distinct on (about) about, status, attempts, last_error, sent_at from outgoing_mail
    where organization = $1 and about = any ($2) order by about, created_at desc, id desc`;
  return (await tx.query<MailState>(text, [organization, about], 'dartwing_mail_states')).rows;
}
