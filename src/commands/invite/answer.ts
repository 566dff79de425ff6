/** Answers of the verbs on invitations. */
import type { InvitationDocument } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import type { TableView, VerbResult } from '../spec.js';

/** Columns of lists of invitations. */
export const inviteTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'email', path: 'email' },
    { header: 'role', path: 'role' },
    { header: 'kind', path: 'invite_kind' },
    { header: 'state', path: 'status.state' },
    { header: 'mail', path: 'status.mail' },
    { header: 'expires', path: 'expires_at' },
  ],
};

/** One invitation with a sentence for a person; under --dry-run it says that nothing was written. */
export function inviteAnswer(
  { global }: Pick<CommandContext, 'global'>,
  invitation: InvitationDocument,
  sentence: string,
  next: readonly string[] = [],
): VerbResult {
  const { dryRun } = global;
  return {
    document: { ...invitation, ...(dryRun ? { dry_run: true } : {}) },
    table: { columns: [], sentence: dryRun ? `${sentence} (dry run: nothing was written)` : sentence },
    next: dryRun ? [] : next,
  };
}

/** What became of the mail, said after the change. */
export function tellMail({ io, global }: CommandContext, { status }: InvitationDocument): void {
  if (status.mail !== 'no_transport' || global.dryRun) return;
  io.warn('NO_TRANSPORT', 'No mail was sent: smtp_url is not set. Pass the link on with --show-link');
}
