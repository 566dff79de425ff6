/** The mail of an invitation. */
import type { OrganizationFacts, Scope } from '../access/index.js';
import { type MailState, mailOf, type Outbox } from '../mail/index.js';
import type { InvitationRow } from './queries.js';
import { linkOf } from './token.js';

export type { MailState };

/** What invitations need of the installation. */
export interface Desk {
  outbox: Outbox;
  /** Address that links begin with. */
  publicUrl: string;
}

/** What the outbox calls the mail of an invitation. */
export function aboutOf({ id }: Pick<InvitationRow, 'id'>): string {
  return `invitation/${id}`;
}

/** Posts the mail with the link, for kinds that are sent by mail. */
export async function postLetter(
  scope: Scope,
  desk: Desk,
  organization: OrganizationFacts,
  row: InvitationRow,
  token: string,
  reminder = false,
): Promise<void> {
  if (row.email === null || (row.kind !== 'email' && row.kind !== 'guest')) return;
  const template = reminder ? 'reminder' : row.kind === 'guest' ? 'guest' : 'invitation';
  await desk.outbox.post(scope, {
    organization: organization.id,
    about: aboutOf(row),
    to: row.email,
    template,
    values: {
      organization: organization.name,
      role: row.role,
      inviter: row.invited_by,
      link: linkOf(desk.publicUrl, token),
      expires: shown(row.expires_at),
      guest_until: row.guest_access_until ? shown(row.guest_access_until) : '',
    },
  });
}

/** The state of the latest mail of an invitation. */
export async function letterOf(scope: Scope, row: InvitationRow): Promise<MailState | undefined> {
  const about = aboutOf(row);
  return (await mailOf(scope, row.organization, [about])).get(about);
}

function shown(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
