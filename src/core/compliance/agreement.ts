/** Business associate agreements: who signed what until when. The paper stays with its owner; its hash is kept. */

import { z } from 'zod';
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { seriesName } from '../ids.js';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import type { OrganizationRow } from '../tenancy/index.js';
import { type AgreementRow, insertAgreement, listAgreements, nextAgreement } from './queries.js';

/** The document `Baa`. */
export interface AgreementDocument {
  api_version: 'dartwing/v1';
  kind: 'Baa';
  id: string;
  org: string;
  counterparty: string;
  signed_on: string;
  expires_on: string;
  state: 'signed' | 'expiring' | 'expired';
  file: { name: string; sha256: string; bytes: number };
  created_at: string;
  created_by: string;
}

/** The document `BaaList`. */
export interface AgreementList {
  api_version: 'dartwing/v1';
  kind: 'BaaList';
  items: AgreementDocument[];
  total_count: number;
}

const inputSchema = z.strictObject({
  counterparty: z.string().trim().min(1).max(limits.nameCharsMax),
  signed_on: z.iso.date(),
  expires_on: z.iso.date(),
  file: z.strictObject({
    name: z.string().trim().min(1).max(255),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is 64 hex digits'),
    bytes: z
      .int()
      .min(1)
      .max(2 ** 31 - 1),
  }),
});

export type AgreementInput = z.input<typeof inputSchema>;

/** @throws VALIDATION_ERROR, PERMISSION_DENIED */
export async function addAgreement(
  scope: Scope,
  organization: OrganizationRow,
  input: AgreementInput,
): Promise<Change<AgreementDocument>> {
  const { counterparty, signed_on, expires_on, file } = parseInput(inputSchema, input);
  authorize(scope, 'administer', { doctype: 'Organization', name: organization.id });
  const now = scope.clock.now();
  if (expires_on <= signed_on) throw invalid('expires_on', 'has to be later than signed_on');
  if (signed_on > dayOf(now)) throw invalid('signed_on', 'lies in the future');
  const id = seriesName({ prefix: 'BAA', yearly: true }, await nextAgreement(scope.tx), now);
  const row = await insertAgreement(scope.tx, organization.id, {
    id,
    counterparty,
    signed_on,
    expires_on,
    file_name: file.name,
    file_sha256: file.sha256,
    file_bytes: file.bytes,
    created_at: now,
    created_by: scope.principal.id,
  });
  const after = agreementDocument(organization, row, now);
  const ref = { doctype: 'Business Associate Agreement', name: id, organization: organization.id };
  const audit = await recordAct(scope, organization.id, 'compliance.baa', ref, { old: null, new: after });
  return changeDocument(scope, { op: 'create', ref: `baa/${id}`, before: null, after, audit });
}

/** The one that lasts longest first. @throws PERMISSION_DENIED */
export async function readAgreements(scope: Scope, organization: OrganizationRow): Promise<AgreementList> {
  authorize(scope, 'read', { doctype: 'Organization', name: organization.id });
  const rows = await listAgreements(scope.tx, organization.id);
  const now = scope.clock.now();
  const items = rows.map((row) => agreementDocument(organization, row, now));
  return { api_version: 'dartwing/v1', kind: 'BaaList', items, total_count: items.length };
}

/** @throws BAA_NOT_FOUND, PERMISSION_DENIED */
export async function readAgreement(
  scope: Scope,
  organization: OrganizationRow,
  id: string,
): Promise<AgreementDocument> {
  const { items } = await readAgreements(scope, organization);
  const found = items.find((item) => item.id === id);
  if (found === undefined)
    throw new DartwingError('BAA_NOT_FOUND', { id: id.slice(0, 40), org: organization.slug });
  return found;
}

/** Told of 60 days before it ends (security paper). The last day counts. */
export function agreementState(
  { expires_on }: Pick<AgreementRow, 'expires_on'>,
  now: Date,
): AgreementDocument['state'] {
  if (expires_on < dayOf(now)) return 'expired';
  return expires_on < noticeDay(now) ? 'expiring' : 'signed';
}

/** Agreements that end before this day are told of. */
export function noticeDay(now: Date): string {
  return dayOf(new Date(now.getTime() + limits.agreementNoticeMs));
}

export function agreementDocument(
  organization: OrganizationRow,
  row: AgreementRow,
  now: Date,
): AgreementDocument {
  const { id, counterparty, signed_on, expires_on } = row;
  return {
    api_version: 'dartwing/v1',
    kind: 'Baa',
    id,
    org: organization.slug,
    counterparty,
    signed_on,
    expires_on,
    state: agreementState(row, now),
    file: { name: row.file_name, sha256: row.file_sha256, bytes: row.file_bytes },
    created_at: row.created_at.toISOString(),
    created_by: row.created_by,
  };
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function invalid(path: string, message: string): DartwingError {
  return new DartwingError(
    'VALIDATION_ERROR',
    { message: `${path} ${message}` },
    { fields: [{ path, message }] },
  );
}
