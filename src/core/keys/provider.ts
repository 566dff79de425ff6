/** Who holds the master key: this process (local), AWS KMS, the transit engine of HashiCorp Vault, or a PKCS #11 token. */
import { lengthPrefixed } from './envelope.js';

export type ProviderName = 'local' | 'aws-kms' | 'vault' | 'pkcs11';

/** What a data key is bound to when it is wrapped. Ids only: key services write it into their logs. */
export interface KeyContext {
  organization: string;
  purpose: string;
  key: string;
}

/** A data key as it is kept, and which master key opens it. */
export interface WrappedKey {
  master: string;
  wrapped: Buffer;
}

/**
 * Wraps data keys. Nobody but the provider sees the master key; `local` is the exception, it is in this process.
 * Every call may throw KEY_SERVICE_UNAVAILABLE (later it may work) and KEY_SERVICE_REFUSED (it will not).
 */
export interface KeyProvider {
  readonly name: ProviderName;
  /** Name of the master key that new data keys are wrapped with. */
  readonly master: string;
  /** A new data key of 32 bytes. */
  generate(context: KeyContext): Promise<WrappedKey & { plain: Buffer }>;
  wrap(plain: Buffer, context: KeyContext): Promise<WrappedKey>;
  unwrap(key: WrappedKey, context: KeyContext): Promise<Buffer>;
  /** Returns when the master key can be used now. */
  check(): Promise<void>;
}

/** The context as key services take it, which compare it member by member. */
export function serviceContext({ organization, purpose, key }: KeyContext): Record<string, string> {
  return { app: 'dartwing', organization, purpose, key };
}

/** The same as bytes. */
export function contextBytes({ organization, purpose, key }: KeyContext): Buffer {
  return lengthPrefixed('dwk1', [organization, purpose, key]);
}
