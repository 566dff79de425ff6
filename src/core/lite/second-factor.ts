/** The second factor of a person: begun, confirmed by a first code, taken away. */
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
import { clearFailures, suspect } from '../identity/index.js';
import { mayAdminister, requireAccount, withoutKey } from './credentials.js';
import { hashRecoveryCode, type NewFactor, newFactor, openSecret, sealSecret, stepOfCode } from './factor.js';
import type { LiteParts } from './parts.js';
import {
  type AccountRow,
  confirmFactor,
  dropFactor,
  useStep,
  writeFactor,
  writeRecoveryCodes,
} from './queries.js';

/** What may be shown of a second factor. */
export interface FactorDocument {
  person: string;
  totp: { sealed: true; confirmed: boolean };
}

/** A factor that was just made; its secrets are shown this once. */
export interface FactorMade extends NewFactor {
  change: Change<FactorDocument>;
}

/**
 * Makes a second factor of the caller; nothing asks for it before `confirmFactorOf`. One that was not confirmed is
 * replaced.
 * @throws UNAUTHENTICATED (the caller is no person), SECOND_FACTOR_EXISTS, SIGN_IN_REFUSED (no password)
 */
export function beginFactor(parts: LiteParts, call?: CallOptions): Promise<FactorMade> {
  // An answer that is kept for an idempotency key would keep the secrets.
  return parts.session.run('profile totp', withoutKey(call), async (scope) => {
    const account = await ownAccount(scope);
    if (account.hash === null)
      throw new DartwingError('SIGN_IN_REFUSED', { reason: 'The person has no password' });
    if (account.totp_confirmed_at !== null) throw new DartwingError('SECOND_FACTOR_EXISTS');
    const { person, email } = account;
    const made = newFactor(email);
    const sealed = await sealSecret(parts, scope.tx, person, made.secret);
    await writeFactor(scope.tx, person, sealed, scope.clock.now());
    await writeRecoveryCodes(
      scope.tx,
      person,
      made.recoveryCodes.map((code) => hashRecoveryCode(parts.factorKey, code)),
    );
    return { ...made, change: await noted(scope, person, 'second_factor.begin', null, false) };
  });
}

/** Switches the factor on with a code of the app. @throws SECOND_FACTOR_WRONG, SECOND_FACTOR_EXISTS */
export function confirmOwnFactor(
  parts: LiteParts,
  code: string,
  call?: CallOptions,
): Promise<Change<FactorDocument>> {
  return parts.session.run('profile totp', call, async (scope) => {
    const account = await ownAccount(scope);
    const { person, totp_confirmed_at: confirmedAt } = account;
    if (confirmedAt !== null) throw new DartwingError('SECOND_FACTOR_EXISTS');
    const at = scope.clock.now();
    const secret = await openSecret(parts, scope.tx, account);
    const step = secret === undefined ? undefined : stepOfCode(secret, code.replace(/\s/g, ''), at);
    if (step === undefined || !(await useStep(scope.tx, person, step)))
      throw new DartwingError('SECOND_FACTOR_WRONG');
    await confirmFactor(scope.tx, person, at);
    return noted(scope, person, 'second_factor.confirm', false, true);
  });
}

/**
 * Lets somebody in again who lost the second factor or is made to wait: takes both away.
 * @throws PERSON_NOT_FOUND, PERMISSION_DENIED
 */
export function unlock(parts: LiteParts, ref: string, call?: CallOptions): Promise<Change<FactorDocument>> {
  return parts.session.run(
    'person unlock',
    call,
    async (scope) => {
      const { person, email, totp_confirmed_at: confirmedAt } = await mayAdminister(scope, ref, true);
      await clearFailures(scope.tx, [suspect('account', email)]);
      await dropFactor(scope.tx, person);
      return noted(scope, person, 'second_factor.remove', confirmedAt === null ? null : true, null);
    },
    { ref },
  );
}

async function ownAccount(scope: Scope): Promise<AccountRow> {
  const { type, id } = scope.principal;
  if (type !== 'person') throw new DartwingError('UNAUTHENTICATED');
  authorize(scope, 'write', { doctype: 'Person', name: id });
  return requireAccount(scope.tx, id, true);
}

async function noted(
  scope: Scope,
  person: string,
  action: string,
  was: boolean | null,
  is: boolean | null,
): Promise<Change<FactorDocument>> {
  const document = (confirmed: boolean | null): FactorDocument | null =>
    confirmed === null ? null : { person, totp: { sealed: true, confirmed } };
  const [before, after] = [document(was), document(is)];
  const what = { doctype: 'Person', name: person };
  const audit = await recordAct(scope, systemOrganization, action, what, { old: before, new: after });
  const op = before === null ? 'create' : after === null ? 'delete' : 'update';
  return changeDocument(scope, {
    op: before === null && after === null ? 'none' : op,
    ref: `person/${person}`,
    before,
    after,
    audit,
  });
}
