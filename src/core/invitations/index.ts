/**
 * Invitations: how people come into an organization.
 *
 * An invitation carries a secret of 256 random bits in a link, by mail (`email`, `guest`), as a QR code or as a link
 * to pass on. The database knows the secret's SHA-256 only. It works once, until it expires (7 days unless told,
 * 5 minutes to 90 days) or is revoked. Whoever is invited by address is a pending member until then; accepting makes
 * them active, with account and grants, in one transaction. Accepted twice by the same person it gives the same
 * answer; by anybody else it is refused. With `requiresApproval` somebody has to approve after that.
 *
 * A guest is a member who may only read, and only until `guest_access_until`: `endGuests` then takes membership and
 * grants. The mark is `org_member.guest_until`, since role templates know no guests. A child without an address of
 * its own is invited by QR code under a sub-address of its guardian (RFC 5233).
 *
 * Limits: 3 reminders, a day apart; 5,000 lines of CSV. Audit: invitation.create, accept, approve, remind, revoke,
 * expire and member.invite, accept, dismiss, guest_end; the secret is in none of them.
 */
export type { AcceptInput } from './accept.js';
export type { BulkResult } from './bulk.js';
export type { InvitationDocument, InvitationList } from './document.js';
export { dropInvitations, followMergedInvitee } from './followers.js';
export type { InviteInput } from './input.js';
export { drawQrCode } from './qr.js';
export { type GuestEnding, type Invitations, type Issued, invitationVerbs } from './room.js';
