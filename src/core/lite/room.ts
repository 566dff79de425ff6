/** Lite mode as callers see it. */
import type { CallOptions, Change } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { chargeAttempt, suspect } from '../identity/index.js';
import {
  changePassword,
  completeReset,
  mailReset,
  type PasswordDocument,
  type ResetDocument,
  sendReset,
  setPassword,
} from './credentials.js';
import type { LiteParts } from './parts.js';
import { type HashCost, openHasher } from './password-hash.js';
import {
  beginFactor,
  confirmOwnFactor,
  type FactorDocument,
  type FactorMade,
  unlock,
} from './second-factor.js';
import { type LiteTokens, refresh, type SignInInput, signIn, signOut } from './sign-in.js';
import { openSigner, type Signer } from './tokens.js';

export interface LiteOptions {
  /** Sign people in with passwords of our own. Counts only where no identity provider is configured. Default false. */
  enabled?: boolean | undefined;
  /** What a hash costs; passwords hashed for less are hashed anew at the next sign-in. */
  hashing?: HashCost | undefined;
  /** Who we are in the claim `aud` of our tokens. Default `dartwing`. */
  audience?: string | undefined;
}

/** Each throws LITE_MODE_OFF where lite mode is not on. */
export interface LiteVerbs {
  /** Whether people sign in with passwords here. */
  readonly enabled: boolean;
  /** @throws SIGN_IN_FAILED, SIGN_IN_LIMITED, SIGN_IN_BUSY, SIGN_IN_REFUSED, SECOND_FACTOR_REQUIRED */
  signIn(input: SignInInput): Promise<LiteTokens>;
  /** @throws REFRESH_TOKEN_INVALID, SESSION_ENDED, SIGN_IN_REFUSED */
  refresh(refreshToken: string): Promise<LiteTokens>;
  /** Ends the session of a refresh token; none is no error. */
  signOut(refreshToken: string): Promise<{ ended: number }>;
  /** @throws PERSON_NOT_FOUND, PERMISSION_DENIED, PASSWORD_WEAK */
  setPassword(person: string, password: string, call?: CallOptions): Promise<Change<PasswordDocument>>;
  /** The caller's own. @throws SIGN_IN_FAILED, SIGN_IN_LIMITED, PASSWORD_WEAK */
  changePassword(
    passwords: { current: string; next: string },
    call?: CallOptions,
  ): Promise<Change<PasswordDocument>>;
  /** @throws PERSON_NOT_FOUND, PERMISSION_DENIED */
  sendReset(person: string, call?: CallOptions): Promise<Change<ResetDocument>>;
  /** For whoever forgot the password: answers the same for every address, before anything is looked up. @throws SIGN_IN_LIMITED (by network address) */
  requestReset(email: string, address?: string): Promise<void>;
  /** @throws RESET_TOKEN_INVALID, PASSWORD_WEAK */
  completeReset(token: string, password: string): Promise<{ person: string }>;
  /** The caller's own second factor; its secrets are shown this once. @throws SECOND_FACTOR_EXISTS */
  beginSecondFactor(call?: CallOptions): Promise<FactorMade>;
  /** @throws SECOND_FACTOR_WRONG, SECOND_FACTOR_EXISTS */
  confirmSecondFactor(code: string, call?: CallOptions): Promise<Change<FactorDocument>>;
  /** Takes the second factor and the waits of a person away. @throws PERSON_NOT_FOUND, PERMISSION_DENIED */
  unlock(person: string, call?: CallOptions): Promise<Change<FactorDocument>>;
}

/** The signer of an installation, where lite mode is on. */
export function signerOf({ audience = 'dartwing' }: LiteOptions, seed: Buffer): Signer {
  return openSigner(seed, audience);
}

/** @throws CONFIG_INVALID */
export function liteRoom(
  given: Omit<LiteParts, 'hasher' | 'signer'> & { signer: Signer | undefined },
  { hashing }: LiteOptions,
): LiteVerbs & { close(): Promise<void> } {
  const { signer } = given;
  const hasher = openHasher(hashing);
  const asked = new Set<Promise<void>>();
  const on = (): LiteParts => {
    if (signer === undefined) throw new DartwingError('LITE_MODE_OFF');
    return { ...given, signer, hasher };
  };
  return {
    enabled: signer !== undefined,
    signIn: async (input) => signIn(on(), input),
    refresh: async (token) => refresh(on(), token),
    signOut: async (token) => signOut(on(), token),
    setPassword: async (person, password, call) => setPassword(on(), person, password, call),
    changePassword: async (passwords, call) => changePassword(on(), passwords, call),
    sendReset: async (person, call) => sendReset(on(), person, call),
    requestReset: async (email, address) => {
      const parts = on();
      if (address !== undefined) await countAsking(parts, address);
      // Not waited for: how long it takes would tell whether there is somebody to write to.
      const mailing = mailReset(parts, email.trim())
        .catch((error: unknown) => parts.log.warn({ err: error }, 'password reset'))
        .finally(() => asked.delete(mailing));
      asked.add(mailing);
    },
    completeReset: async (token, password) => completeReset(on(), token, password),
    beginSecondFactor: async (call) => beginFactor(on(), call),
    confirmSecondFactor: async (code, call) => confirmOwnFactor(on(), code, call),
    unlock: async (person, call) => unlock(on(), person, call),
    close: async () => {
      await Promise.all(asked);
    },
  };
}

/** Whoever asks for the mail of many accounts waits like whoever guesses. */
async function countAsking({ identity }: LiteParts, address: string): Promise<void> {
  await identity.asSystem({}, ({ tx }) => chargeAttempt(tx, [suspect('address', address)]));
}
