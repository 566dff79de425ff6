/** Passwords: given by an operator, changed by their owner, set anew with a mailed token. */
import {
  authorize,
  type CallOptions,
  type Change,
  changeDocument,
  recordAct,
  type Scope,
} from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { DartwingError } from '../errors.js';
import {
  chargeAttempt,
  clearFailures,
  endPersonSessions,
  insertLink,
  recordEnds,
  refundAttempt,
  suspect,
} from '../identity/index.js';
import { limits } from '../limits.js';
import { findMailbox } from '../people/index.js';
import { lockMsOf, ownerOf } from './lock.js';
import type { LiteParts } from './parts.js';
import { requireStrongPassword } from './password.js';
import {
  type AccountRow,
  dropPersonTokens,
  findAccount,
  findReset,
  insertReset,
  useReset,
  writePassword,
} from './queries.js';
import { finish } from './sign-in.js';
import { hashSecret, issueSecret, liteIssuer, readSecret } from './tokens.js';

/** What may be shown of a password. */
export interface PasswordDocument {
  person: string;
  password: { sealed: true; changed_at: string };
}

/** What may be shown of a reset. */
export interface ResetDocument {
  person: string;
  mail: 'queued' | 'no_transport' | 'no_organization' | 'asked_a_moment_ago';
  expires_at: string;
}

/**
 * Gives a person a password; sessions that were begun with another end.
 * @throws PERSON_NOT_FOUND, PERMISSION_DENIED, PASSWORD_WEAK, SIGN_IN_REFUSED (merged)
 */
export async function setPassword(
  parts: LiteParts,
  ref: string,
  password: string,
  call?: CallOptions,
): Promise<Change<PasswordDocument>> {
  const plain = withoutKey(call);
  const found = await parts.session.run('person password', plain, (scope) => mayAdminister(scope, ref));
  const hash = await parts.hasher.hash(requireStrongPassword(password, ownerOf(found)));
  return parts.session.run('person password', plain, async (scope) => {
    const account = await mayAdminister(scope, ref, true);
    return changed(scope, account, hash, 'password.set', 'given a password');
  });
}

/**
 * Changes the caller's own password. A wrong current one counts as a failed sign-in.
 * @throws SIGN_IN_FAILED, SIGN_IN_LIMITED, PASSWORD_WEAK, UNAUTHENTICATED (the caller is no person)
 */
export async function changePassword(
  parts: LiteParts,
  { current, next }: { current: string; next: string },
  call?: CallOptions,
): Promise<Change<PasswordDocument>> {
  const plain = withoutKey(call);
  const { session, hasher, identity } = parts;
  const self = session.call(plain).principal;
  if (self.type !== 'person') throw new DartwingError('UNAUTHENTICATED');
  const { seen, charges } = await identity.asSystem({}, async ({ tx }) => {
    const row = await requireAccount(tx, self.id);
    return { seen: row, charges: await chargeAttempt(tx, [suspect('account', row.email, lockMsOf(row))]) };
  });
  const { matches } = await hasher.verify(seen.hash ?? undefined, current);
  if (!matches) throw new DartwingError('SIGN_IN_FAILED');
  await identity.asSystem({}, ({ tx }) => refundAttempt(tx, charges));
  const hash = await hasher.hash(requireStrongPassword(next, ownerOf(seen)));
  return session.run('profile password', plain, async (scope) => {
    const account = await requireAccount(scope.tx, self.id, true);
    if (account.hash !== seen.hash) throw new DartwingError('SIGN_IN_FAILED');
    return changed(scope, account, hash, 'password.change', 'changed the password');
  });
}

/** Mails a person a token that sets a password once, within an hour. @throws PERSON_NOT_FOUND, PERMISSION_DENIED */
export function sendReset(parts: LiteParts, ref: string, call?: CallOptions): Promise<Change<ResetDocument>> {
  return parts.session.run(
    'person reset',
    call,
    async (scope) => {
      const account = await mayAdminister(scope, ref, true);
      const document = await postReset(parts, scope, account);
      const what = { doctype: 'Person', name: account.person };
      const audit = await recordAct(scope, systemOrganization, 'password.reset_sent', what, {
        new: { ...document },
      });
      const op = document.mail === 'queued' ? 'create' : 'none';
      return changeDocument(scope, {
        op,
        ref: `person/${account.person}`,
        before: null,
        after: document,
        audit,
      });
    },
    { ref },
  );
}

/** For somebody who forgot the password: whoever they are, and whatever comes of it, the caller learns nothing. */
export async function mailReset(parts: LiteParts, email: string): Promise<void> {
  await parts.identity.asSystem({}, async (scope) => {
    const account = await findAccount(scope.tx, email, true);
    if (account === undefined || account.status !== 'active' || account.hash === null) return;
    // Whoever got hold of a session could change the address, and with it the password.
    if (account.email_proof_due) return;
    const document = await postReset(parts, scope, account);
    const what = { doctype: 'Person', name: account.person };
    await recordAct(scope, systemOrganization, 'password.reset_asked', what, { new: { ...document } });
  });
}

/**
 * Sets a password with a mailed token, which works once. The second factor stays as it is.
 * @throws RESET_TOKEN_INVALID, PASSWORD_WEAK
 */
export async function completeReset(
  parts: LiteParts,
  token: string,
  password: string,
): Promise<{ person: string }> {
  const { identity, hasher } = parts;
  const given = readSecret('reset', token);
  if (given === undefined) throw new DartwingError('RESET_TOKEN_INVALID');
  const hashOfToken = hashSecret(given);
  const seen = await identity.asSystem({}, async ({ tx, clock }) => {
    const person = await findReset(tx, hashOfToken, clock.now());
    return person === undefined ? undefined : findAccount(tx, person);
  });
  if (seen === undefined) throw new DartwingError('RESET_TOKEN_INVALID');
  const hash = await hasher.hash(requireStrongPassword(password, ownerOf(seen)));
  return finish(
    await identity.asSystem({}, async (scope) => {
      if (!(await useReset(scope.tx, hashOfToken, scope.clock.now())))
        return { refused: new DartwingError('RESET_TOKEN_INVALID') };
      const account = await requireAccount(scope.tx, seen.person, true);
      await clearFailures(scope.tx, [suspect('account', account.email)]);
      await changed(scope, account, hash, 'password.reset', 'reset the password');
      return { value: { person: account.person } };
    }),
  );
}

/** @throws PERSON_NOT_FOUND, SIGN_IN_REFUSED (merged) */
export async function requireAccount(tx: Scope['tx'], ref: string, lock = false): Promise<AccountRow> {
  const account = await findAccount(tx, ref.trim(), lock);
  if (account === undefined) throw new DartwingError('PERSON_NOT_FOUND', { ref: ref.slice(0, 254) });
  if (account.status === 'merged')
    throw new DartwingError('SIGN_IN_REFUSED', { reason: 'The person is merged' });
  return account;
}

/** @throws as `requireAccount`, PERMISSION_DENIED */
export async function mayAdminister(scope: Scope, ref: string, lock = false): Promise<AccountRow> {
  const account = await requireAccount(scope.tx, ref, lock);
  authorize(scope, 'administer', { doctype: 'Person', name: account.person });
  return account;
}

async function changed(
  scope: Scope,
  account: AccountRow,
  hash: string,
  action: string,
  reason: string,
): Promise<Change<PasswordDocument>> {
  const { tx, clock } = scope;
  const { person } = account;
  const at = clock.now();
  await writePassword(tx, person, hash, at);
  if (account.subject === null) await insertLink(tx, { issuer: liteIssuer, subject: person, person, at });
  await dropPersonTokens(tx, person);
  await recordEnds(scope, await endPersonSessions(tx, person, liteIssuer, reason), reason);
  const document = (changedAt: Date): PasswordDocument => ({
    person,
    password: { sealed: true, changed_at: changedAt.toISOString() },
  });
  const before = account.changed_at === null ? null : document(account.changed_at);
  const after = document(at);
  const what = { doctype: 'Person', name: person };
  const audit = await recordAct(scope, systemOrganization, action, what, { old: before, new: after });
  return changeDocument(scope, {
    op: before === null ? 'create' : 'update',
    ref: `person/${person}`,
    before,
    after,
    audit,
  });
}

async function postReset(parts: LiteParts, scope: Scope, account: AccountRow): Promise<ResetDocument> {
  const { person, email } = account;
  const at = scope.clock.now();
  const expiresAt = new Date(at.getTime() + limits.passwordResetMs);
  const answer = (mail: ResetDocument['mail']) => ({ person, mail, expires_at: expiresAt.toISOString() });
  const organization = await findMailbox(scope.tx, person);
  if (organization === undefined) return answer('no_organization');
  const outbox = parts.outbox();
  if (!outbox.hasTransport) return answer('no_transport');
  const { token, hash } = issueSecret('reset');
  const notAfter = new Date(at.getTime() - limits.passwordResetPauseMs);
  if (!(await insertReset(scope.tx, { hash, person, at, expiresAt, notAfter })))
    return answer('asked_a_moment_ago');
  const about = `password/${person}`;
  await outbox.cancel(scope, organization, about);
  await outbox.post(scope, {
    organization,
    about,
    to: email,
    template: 'password-reset',
    values: {
      link: `${parts.publicUrl.replace(/\/+$/, '')}/reset#${token}`,
      expires: `${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    },
  });
  return answer('queued');
}

/** No fingerprint of a password is kept, so no earlier answer could be told from that of another one. */
export function withoutKey({ idempotencyKey: _, ...call }: CallOptions = {}): CallOptions {
  return call;
}
