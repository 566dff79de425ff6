/** Reading invitations. */
import { authorize, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { mailOf } from '../mail/index.js';
import { requireOrganization } from '../tenancy/index.js';
import {
  type InvitationDocument,
  type InvitationList,
  invitationDocument,
  invitationStates,
} from './document.js';
import { aboutOf, letterOf } from './letter.js';
import { findInvitation, type InvitationRow, lockInvitation, pageInvitations } from './queries.js';

export interface ListInvitationsInput {
  state?: string | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

/** @throws ORGANIZATION_NOT_FOUND, INVITATION_NOT_FOUND */
export async function showInvitation(scope: Scope, ref: string, id: string): Promise<InvitationDocument> {
  const { id: organization } = await requireOrganization(scope, ref);
  authorize(scope, 'read', { doctype: 'Invitation', name: id, organization });
  const row = await requireInvitation(scope, organization, id);
  return invitationDocument(row, scope.clock.now(), await letterOf(scope, row));
}

/** A page of an organization's invitations, newest first. @throws ORGANIZATION_NOT_FOUND, VALIDATION_ERROR */
export async function listInvitations(
  scope: Scope,
  ref: string,
  input: ListInvitationsInput = {},
): Promise<InvitationList> {
  const { id: organization } = await requireOrganization(scope, ref);
  authorize(scope, 'read', { doctype: 'Invitation', name: '*', organization });
  const { state, limit = limits.pageDefault, offset = 0 } = input;
  if (state !== undefined && !invitationStates.some((known) => known === state))
    throw invalid(`state "${state}" is not one of ${invitationStates.join(', ')}`);
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.pageMax)
    throw invalid(`limit is a whole number from 1 to ${limits.pageMax}`);
  if (!Number.isInteger(offset) || offset < 0) throw invalid('offset is a whole number from 0');
  const now = scope.clock.now();
  const { rows, total } = await pageInvitations(scope.tx, { organization, state, now, limit, offset });
  const mails = await mailOf(scope, organization, rows.map(aboutOf));
  const items = rows.map((row) => invitationDocument(row, now, mails.get(aboutOf(row))));
  return { api_version: 'dartwing/v1', kind: 'InviteList', items, total_count: total, limit, offset };
}

/** The row of an invitation; `lock` holds it until the transaction ends. @throws INVITATION_NOT_FOUND */
export async function requireInvitation(
  scope: Scope,
  organization: string,
  id: string,
  lock = false,
): Promise<InvitationRow> {
  const row = await (lock ? lockInvitation : findInvitation)(scope.tx, organization, id);
  if (row === undefined) throw new DartwingError('INVITATION_NOT_FOUND');
  return row;
}

function invalid(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
