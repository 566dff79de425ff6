/** The room as callers see it: each verb in a transaction of its own. */
import type { CallOptions, Scope, Session } from '../access/index.js';
import { asDartwingError, type DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type EndedGuest, listEndedGuests } from '../people/index.js';
import { type AcceptInput, acceptInvitation, approveInvitation } from './accept.js';
import { type BulkResult, inviteLines, readInvitationList } from './bulk.js';
import { createInvitation } from './create.js';
import type { InvitationDocument, InvitationList } from './document.js';
import { endGuestAccess, expireInvitations, revokeInvitation } from './ending.js';
import type { InviteInput } from './input.js';
import type { Desk } from './letter.js';
import type { DueReminder } from './queries.js';
import { findDueReminders, remindInvitee } from './remind.js';
import { type ListInvitationsInput, listInvitations, showInvitation } from './show.js';
import { hashToken, issueToken, linkOf, readToken, type Secret } from './token.js';

/** An invitation with its link, which is never shown again. */
export interface Issued {
  invitation: InvitationDocument;
  /** Absent in a dry run, and when an idempotency key gave the answer of an earlier call. */
  link: string | undefined;
}

/** Whose access was ended, and whose could not be. */
export interface GuestEnding {
  done: EndedGuest[];
  failed: { guest: EndedGuest; error: DartwingError }[];
}

/** What was sent again, and what could not be. */
export interface Reminding {
  done: DueReminder[];
  failed: { invitation: DueReminder; error: DartwingError }[];
}

/** Invitations of organizations (by id or slug). */
export interface Invitations {
  create(organization: string, input: InviteInput, call?: CallOptions): Promise<Issued>;
  /** Invites everybody on a list: CSV with the header `email,role[,expires]`. */
  bulk(organization: string, csv: string, call?: CallOptions): Promise<BulkResult>;
  list(organization: string, input?: ListInvitationsInput, call?: CallOptions): Promise<InvitationList>;
  show(organization: string, id: string, call?: CallOptions): Promise<InvitationDocument>;
  /** Sends a new link by mail; the earlier one ends. */
  remind(organization: string, id: string, call?: CallOptions): Promise<Issued>;
  /** Sends again what nobody has answered for three days, each by itself. Safe to run again. */
  remindDue(call?: CallOptions): Promise<Reminding>;
  revoke(organization: string, id: string, call?: CallOptions): Promise<InvitationDocument>;
  /** Writes down which invitations have run out, of one organization or all. Safe to run again. */
  expire(organization?: string, call?: CallOptions): Promise<InvitationDocument[]>;
  accept(input: AcceptInput, call?: CallOptions): Promise<InvitationDocument>;
  approve(organization: string, id: string, call?: CallOptions): Promise<InvitationDocument>;
  /** Ends the access of guests whose time has come, each by itself. Safe to run again. */
  endGuests(call?: CallOptions): Promise<GuestEnding>;
}

export function invitationVerbs(session: Session, desk: Desk): Invitations {
  const { run } = session;

  /** Makes the secret outside of the call, whose answer may be kept for its idempotency key. */
  const issue = async (
    call: CallOptions | undefined,
    purpose: string,
    request: object,
    work: (scope: Scope, secret: Secret) => Promise<InvitationDocument>,
  ): Promise<Issued> => {
    const secret = issueToken();
    let issued = false;
    const invitation = await run(
      purpose,
      call,
      (scope) => {
        issued = !scope.dryRun;
        return work(scope, secret);
      },
      JSON.parse(JSON.stringify(request)),
    );
    return { invitation, link: issued ? linkOf(desk.publicUrl, secret.token) : undefined };
  };

  const create: Invitations['create'] = (organization, input, call) =>
    issue(call, 'invite create', { organization, input }, (scope, secret) =>
      createInvitation(scope, desk, organization, input, secret),
    );

  const remind: Invitations['remind'] = (organization, id, call) =>
    issue(call, 'invite remind', { organization, id }, (scope, secret) =>
      remindInvitee(scope, desk, organization, id, secret),
    );

  return {
    create,
    bulk: async (organization, csv, call = {}) => {
      const { idempotencyKey, ...shared } = call;
      return inviteLines(await readInvitationList(csv), async (input, line) => {
        const key = idempotencyKey && { idempotencyKey: `${idempotencyKey}/${line}` };
        return (await create(organization, input, { ...shared, ...key })).invitation;
      });
    },
    list: (organization, input, call) =>
      run('invite list', call, (scope) => listInvitations(scope, organization, input)),
    show: (organization, id, call) =>
      run('invite show', call, (scope) => showInvitation(scope, organization, id)),
    remind,
    remindDue: async ({ idempotencyKey: _, ...facts } = {}) => {
      const reminding: Reminding = { done: [], failed: [] };
      for (const due of await run('invite remind', facts, (scope) => findDueReminders(scope, desk))) {
        // Somebody may have accepted it, or sent it again, a moment ago.
        await remind(due.organization, due.id, facts).then(
          () => reminding.done.push(due),
          (error: unknown) => reminding.failed.push({ invitation: due, error: asDartwingError(error) }),
        );
      }
      return reminding;
    },
    revoke: (organization, id, call) =>
      run('invite revoke', call, (scope) => revokeInvitation(scope, desk, organization, id), {
        organization,
        id,
      }),
    expire: (organization, call) =>
      everyBatch(call, (facts) =>
        run('invite expire', facts, (scope) =>
          expireInvitations(scope, desk, scope.clock.now(), organization),
        ),
      ),
    accept: async (input, call) => {
      const invitation = hashToken(readToken(input.token)).toString('hex');
      return run('invite accept', call, (scope) => acceptInvitation(scope, input), { invitation });
    },
    approve: (organization, id, call) =>
      run('invite approve', call, (scope) => approveInvitation(scope, organization, id), {
        organization,
        id,
      }),
    endGuests: async ({ idempotencyKey: _, ...facts } = {}) => {
      const ending: GuestEnding = { done: [], failed: [] };
      const due = await run('end guests', facts, (scope) => listEndedGuests(scope, scope.clock.now()));
      for (const guest of due) {
        await run('end guests', facts, (scope) => endGuestAccess(scope, guest)).then(
          () => ending.done.push(guest),
          (error: unknown) => ending.failed.push({ guest, error: asDartwingError(error) }),
        );
      }
      return ending;
    },
  };
}

/** Batch after batch until one is not full. These verbs can be repeated as they are, so they take no key. */
async function everyBatch<T>(
  { idempotencyKey: _, ...facts }: CallOptions = {},
  work: (facts: CallOptions) => Promise<T[]>,
): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const batch = await work(facts);
    all.push(...batch);
    if (batch.length < limits.endingBatchMax || facts.dryRun) return all;
  }
}
