/** Signing in with a password, and going on with refresh tokens. */
import { randomUUID } from 'node:crypto';
import { recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { DartwingError } from '../errors.js';
import {
  chargeAttempt,
  clearFailures,
  endSession,
  recordEnds,
  refundAttempt,
  sessionKey,
  suspect,
} from '../identity/index.js';
import { limits } from '../limits.js';
import { hashRecoveryCode, openSecret, sealSecret, stepOfCode } from './factor.js';
import { lockMsOf } from './lock.js';
import type { LiteParts } from './parts.js';
import {
  type AccountRow,
  dropSessionTokens,
  findAccount,
  forgetTokens,
  insertRefreshToken,
  lockRefreshToken,
  replaceHash,
  replaceSecret,
  useRecoveryCode,
  useRefreshToken,
  useStep,
} from './queries.js';
import { hashSecret, identityOf, issueSecret, liteIssuer, readSecret } from './tokens.js';

export interface SignInInput {
  email: string;
  password: string;
  /** Of the app, or a recovery code; where the person has a second factor. */
  code?: string | undefined;
  /** Network address of the caller: guesses from one are counted too. */
  address?: string | undefined;
}

/** What somebody is given who signed in. */
export interface LiteTokens {
  token_type: 'Bearer';
  access_token: string;
  /** Seconds until the access token ends. */
  expires_in: number;
  /** Opens once; what it gives holds the next one. */
  refresh_token: string;
}

/** Work that ends in a refusal whose traces have to be kept. */
type Outcome<T> = { value: T } | { refused: DartwingError };

/**
 * Every refusal but the last two says the same: whether the address is known, the password wrong, or the code, is not
 * told, and takes the same time. The attempt is counted before it is looked at.
 * @throws SIGN_IN_FAILED, SIGN_IN_LIMITED, SIGN_IN_BUSY, SIGN_IN_REFUSED, SECOND_FACTOR_REQUIRED (the password is right)
 */
export async function signIn(parts: LiteParts, input: SignInInput): Promise<LiteTokens> {
  const { identity, hasher } = parts;
  const email = input.email.trim().toLowerCase();
  const suspects = [
    suspect('account', email),
    ...(input.address === undefined ? [] : [suspect('address', input.address)]),
  ];
  const { charges, seen } = await identity.asSystem({}, async ({ tx }) => {
    const found = email.includes('@') ? await findAccount(tx, email) : undefined;
    const charged = suspects.map((each) =>
      each.kind === 'account' ? { ...each, lockMs: lockMsOf(found) } : each,
    );
    return { charges: await chargeAttempt(tx, charged), seen: found };
  });
  const { matches, outdated } = await hasher.verify(seen?.hash ?? undefined, input.password);
  const better = outdated ? await hasher.hash(input.password) : undefined;

  return finish(
    await identity.asSystem({}, async (scope): Promise<Outcome<LiteTokens>> => {
      const account = await findAccount(scope.tx, seen?.person ?? '', true);
      // The password may have been changed while it was being compared.
      const proven = matches && account !== undefined && account.hash === seen?.hash;
      if (!proven) return refuse(scope, seen?.person);
      const second = await checkFactor(scope, parts, account, input.code);
      if (second === 'missing') {
        await refundAttempt(scope.tx, charges);
        return { refused: new DartwingError('SECOND_FACTOR_REQUIRED') };
      }
      if (second === 'wrong') return refuse(scope, account.person);
      await refundAttempt(scope.tx, charges);
      await clearFailures(scope.tx, suspects);
      if (better !== undefined) await replaceHash(scope.tx, account.person, better);
      const begun = { sid: randomUUID(), secondFactor: second === 'right', authTime: scope.clock.now() };
      return { value: await giveTokens(scope, parts, account, begun) };
    }),
  );
}

/**
 * The next tokens. A refresh token that is used twice was stolen from one of the two, so its session ends.
 * @throws REFRESH_TOKEN_INVALID, SESSION_ENDED, SIGN_IN_REFUSED
 */
export async function refresh(parts: LiteParts, token: string): Promise<LiteTokens> {
  const given = readSecret('refresh', token);
  if (given === undefined) throw new DartwingError('REFRESH_TOKEN_INVALID');
  const hash = hashSecret(given);
  return finish(
    await parts.identity.asSystem({}, async (scope): Promise<Outcome<LiteTokens>> => {
      const { tx, clock } = scope;
      const row = await lockRefreshToken(tx, hash);
      if (row === undefined || row.expires_at <= clock.now())
        return { refused: new DartwingError('REFRESH_TOKEN_INVALID') };
      if (row.used_at !== null) {
        await end(scope, row, 'a refresh token was used twice');
        return { refused: new DartwingError('REFRESH_TOKEN_INVALID') };
      }
      await useRefreshToken(tx, hash, clock.now());
      const begun = { sid: row.sid, secondFactor: row.amr.includes('mfa'), authTime: row.auth_time };
      return { value: await giveTokens(scope, parts, row, begun) };
    }),
  );
}

/** Ends the session of a refresh token; one that is unknown has none. */
export async function signOut(parts: LiteParts, token: string): Promise<{ ended: number }> {
  const given = readSecret('refresh', token);
  if (given === undefined) return { ended: 0 };
  return parts.identity.asSystem({}, async (scope) => {
    const row = await lockRefreshToken(scope.tx, hashSecret(given));
    return { ended: row === undefined ? 0 : await end(scope, row, 'signed out') };
  });
}

async function end(
  scope: Scope,
  row: { sid: string; subject: string | null },
  reason: string,
): Promise<number> {
  const key = sessionKey({ iss: liteIssuer, sub: row.subject ?? '', sid: row.sid });
  const ends = await endSession(scope.tx, key, liteIssuer, reason);
  await recordEnds(scope, ends, reason);
  await dropSessionTokens(scope.tx, row.sid);
  return ends.length;
}

async function giveTokens(
  scope: Scope,
  { identity: room, signer }: LiteParts,
  { person, subject, email }: Pick<AccountRow, 'person' | 'subject' | 'email'>,
  begun: { sid: string; secondFactor: boolean; authTime: Date },
): Promise<LiteTokens> {
  const now = scope.clock.now();
  if (subject === null) throw new DartwingError('SIGN_IN_FAILED');
  const identity = identityOf({ subject, ...begun }, now);
  await room.admit(scope, identity);
  const { token, hash } = issueSecret('refresh');
  const expiresAt = new Date(now.getTime() + limits.liteRefreshMs);
  const { amr } = identity;
  const { sid, authTime } = begun;
  await insertRefreshToken(scope.tx, { hash, sid, person, amr, authTime, expiresAt });
  await forgetTokens(scope.tx, now);
  return {
    token_type: 'Bearer',
    access_token: await signer.sign(identity, email),
    expires_in: limits.liteTokenMs / 1000,
    refresh_token: token,
  };
}

/** A code of the app opens once, and so does a recovery code. */
export async function checkFactor(
  scope: Scope,
  parts: LiteParts,
  account: AccountRow,
  code: string | undefined,
): Promise<'none' | 'missing' | 'wrong' | 'right'> {
  const { person, totp_confirmed_at: confirmedAt } = account;
  const secret = confirmedAt === null ? undefined : await openSecret(parts, scope.tx, account);
  if (secret === undefined) return 'none';
  if (code === undefined || code.trim() === '') return 'missing';
  const given = code.replace(/\s/g, '');
  if (account.totp === null)
    await replaceSecret(scope.tx, person, await sealSecret(parts, scope.tx, person, secret));
  const step = stepOfCode(secret, given, scope.clock.now());
  const used =
    step === undefined
      ? await useRecoveryCode(scope.tx, person, hashRecoveryCode(parts.factorKey, given))
      : await useStep(scope.tx, person, step);
  return used ? 'right' : 'wrong';
}

/** The same entry for everybody, so that neither the trail nor the time tells who has an account. */
async function refuse(scope: Scope, person: string | undefined): Promise<{ refused: DartwingError }> {
  const ref = { doctype: 'Person', name: person ?? 'unknown' };
  await recordAct(scope, systemOrganization, 'sign_in.failed', ref, { new: { issuer: liteIssuer } });
  return { refused: new DartwingError('SIGN_IN_FAILED') };
}

export function finish<T>(outcome: Outcome<T>): T {
  if ('refused' in outcome) throw outcome.refused;
  return outcome.value;
}
