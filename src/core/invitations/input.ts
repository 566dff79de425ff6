/** What is asked for when somebody is invited: parsed once, at the door. */
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { parseEmail } from '../people/index.js';
import type { InvitationRow } from './queries.js';

export interface InviteInput {
  /** Default `email`, or `guest` with `guestUntil`. */
  kind?: InvitationRow['kind'] | undefined;
  /** Required for `email` and `guest`; without it, whoever accepts says who they are. */
  email?: string | undefined;
  role: string;
  /** Life of the invitation; default 7 days. */
  expiresInMs?: number | undefined;
  /** End of a guest's access. */
  guestUntil?: Date | undefined;
  /** Somebody has to approve after it was accepted. */
  requiresApproval?: boolean | undefined;
  /** Address of the guardian who invites a child by QR code, and the child's first name. */
  guardian?: string | undefined;
  firstName?: string | undefined;
  lastName?: string | undefined;
}

export interface ParsedInvite {
  kind: InvitationRow['kind'];
  email: string | null;
  role: string;
  expiresAt: Date;
  guestUntil: Date | null;
  requiresApproval: boolean;
  /** A child of this guardian, who gets an address from theirs. */
  child: { guardian: string; firstName: string; lastName: string } | null;
}

/** @throws VALIDATION_ERROR, EMAIL_INVALID */
export function parseInvite(input: InviteInput, now: Date): ParsedInvite {
  const kind = input.kind ?? (input.guestUntil === undefined ? 'email' : 'guest');
  const child = parseChild(input, kind);
  const email = input.email === undefined ? null : parseEmail(input.email);
  if (email === null && (kind === 'email' || kind === 'guest'))
    throw invalid(`An invitation by ${kind === 'guest' ? 'guest mail' : 'mail'} needs an address`);
  if (email !== null && child !== null) throw invalid('A child gets its address from its guardian');
  return {
    kind,
    email,
    role: input.role,
    expiresAt: new Date(now.getTime() + parseLife(input.expiresInMs)),
    guestUntil: parseGuestUntil(kind, input.guestUntil, now),
    requiresApproval: input.requiresApproval ?? false,
    child,
  };
}

function parseLife(ms: number = limits.invitationMsDefault): number {
  const { invitationMsMin, invitationMsMax } = limits;
  if (!Number.isFinite(ms) || ms < invitationMsMin || ms > invitationMsMax)
    throw invalid('An invitation lives 5 minutes to 90 days');
  return ms;
}

function parseGuestUntil(kind: ParsedInvite['kind'], until: Date | undefined, now: Date): Date | null {
  if ((kind === 'guest') !== (until !== undefined))
    throw invalid('A guest, and nobody else, has an end of access');
  if (until === undefined) return null;
  const distance = until.getTime() - now.getTime();
  // The comparison is false for an invalid date.
  if (!(distance > 0 && distance <= limits.guestMsMax))
    throw invalid('The access of a guest ends in the future, within 366 days');
  return until;
}

function parseChild(input: InviteInput, kind: ParsedInvite['kind']): ParsedInvite['child'] {
  const { guardian, firstName, lastName = '' } = input;
  if (guardian === undefined && firstName === undefined) return null;
  if (kind !== 'qr' || guardian === undefined || !firstName?.trim())
    throw invalid('A child is invited by QR code, with its guardian and its first name');
  const long = [firstName, lastName].some((name) => name.length > limits.nameCharsMax);
  if (long) throw invalid(`A name has at most ${limits.nameCharsMax} characters`);
  return { guardian: parseEmail(guardian), firstName: firstName.trim(), lastName: lastName.trim() };
}

function invalid(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
