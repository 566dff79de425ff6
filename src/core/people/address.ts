/**
 * Proving an e-mail address: its owner shows a token that was mailed to it. The token is the sealed address itself, so
 * nothing is kept, and a later change of the address makes it worthless.
 */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { DartwingError } from '../errors.js';
import { openText, sealText } from '../keys/index.js';
import { limits } from '../limits.js';
import { requireReadablePerson } from './person.js';
import { findPerson, proveAddress } from './person-queries.js';
import { refuseLocked } from './person-rules.js';

/** What may be told of a proof. */
export interface AddressProofDocument {
  person: string;
  primary_email: string;
  email_verified_at: string | null;
  /** What became of the mail; null where none was asked for. */
  mail: 'queued' | 'no_transport' | 'no_organization' | null;
}

const place = 'proof of an address';

/** The token for an address, and when it ends. */
export function issueProof(
  key: Buffer,
  { person, email }: { person: string; email: string },
  now: Date,
): { token: string; expiresAt: Date } {
  const expiresAt = new Date(now.getTime() + limits.addressProofMs);
  const text = JSON.stringify({ person, email, until: expiresAt.getTime() });
  return { token: sealText(key, place, text).toString('base64url'), expiresAt };
}

/** Undefined for what we did not seal, and after its end. */
function readProof(key: Buffer, token: string, now: Date): { person: string; email: string } | undefined {
  try {
    const { until, ...proof } = JSON.parse(openText(key, place, Buffer.from(token.trim(), 'base64url'))) as {
      person: string;
      email: string;
      until: number;
    };
    return until > now.getTime() ? proof : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Mails the token for the address of a person.
 * @throws PERSON_NOT_FOUND, PERSON_MERGED, MINOR_LOCKED, PERMISSION_DENIED
 */
export async function askForProof(scope: Scope, ref: string): Promise<Change<AddressProofDocument>> {
  const row = await requireReadablePerson(scope, ref, true);
  const { id, primary_email: email } = row;
  authorize(scope, 'update', { doctype: 'Person', name: id });
  refuseLocked(row);
  const document = (mail: AddressProofDocument['mail']): AddressProofDocument => ({
    person: id,
    primary_email: email,
    email_verified_at: row.email_verified_at?.toISOString() ?? null,
    mail,
  });
  const before = document(null);
  if (row.email_verified_at !== null)
    return changeDocument(scope, { op: 'none', ref: `person/${id}`, before, after: before, audit: null });
  const outcome: { mail: AddressProofDocument['mail'] } = { mail: null };
  await scope.events.publish(scope, 'person.unproven', { person: id, email, former: undefined, outcome });
  const after = document(outcome.mail);
  const what = { doctype: 'Person', name: id };
  const audit = await recordAct(scope, systemOrganization, 'email.proof_sent', what, { new: { ...after } });
  const op = after.mail === 'queued' ? 'update' : 'none';
  return changeDocument(scope, { op, ref: `person/${id}`, before, after, audit });
}

/**
 * Takes the token back: the address is proven. Whoever has the token is the owner, so nobody else is asked; a second
 * time changes nothing.
 * @throws ADDRESS_PROOF_INVALID when it is unknown, has ended, or the address has changed since
 */
export async function proveOwnAddress(
  scope: Scope,
  key: Buffer,
  token: string,
): Promise<Change<AddressProofDocument>> {
  const at = scope.clock.now();
  const proof = readProof(key, token, at);
  const isNew = proof !== undefined && (await proveAddress(scope.tx, proof.person, proof.email, at));
  const row = proof && (await findPerson(scope.tx, proof.person));
  if (row === undefined || row.primary_email !== proof?.email || row.status === 'merged')
    throw new DartwingError('ADDRESS_PROOF_INVALID');
  const document = (verifiedAt: Date | null): AddressProofDocument => ({
    person: row.id,
    primary_email: row.primary_email,
    email_verified_at: verifiedAt?.toISOString() ?? null,
    mail: null,
  });
  const [before, after] = [document(isNew ? null : row.email_verified_at), document(row.email_verified_at)];
  const ref = `person/${row.id}`;
  if (!isNew) return changeDocument(scope, { op: 'none', ref, before, after, audit: null });
  const what = { doctype: 'Person', name: row.id };
  const audit = await recordAct(scope, systemOrganization, 'email.proven', what, {
    old: { email_verified_at: null },
    new: { email_verified_at: after.email_verified_at },
  });
  return changeDocument(scope, { op: 'update', ref, before, after, audit });
}
