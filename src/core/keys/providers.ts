/** Which key services an installation has, and which of them wraps new data keys. */
import { DartwingError } from '../errors.js';
import { type KmsOptions, kmsProvider } from './kms-provider.js';
import { localProvider } from './local-provider.js';
import type { Keyring } from './master.js';
import { type Pkcs11Options, pkcs11Provider } from './pkcs11-provider.js';
import type { KeyProvider, ProviderName } from './provider.js';
import { type VaultOptions, vaultProvider } from './vault-provider.js';

/** Key services. Without any the master key of the process wraps data keys. */
export interface KeyOptions {
  /** Wraps new data keys; default `local`. Those that are set up besides open what they wrapped before. */
  provider?: ProviderName | undefined;
  kms?: KmsOptions | undefined;
  vault?: VaultOptions | undefined;
  pkcs11?: Pkcs11Options | undefined;
  /** How long an opened data key stays in memory, ms; default 5 minutes, 0 asks the service each time. */
  keptMs?: number | undefined;
}

export interface Providers {
  provider: KeyProvider;
  providers: ReadonlyMap<ProviderName, KeyProvider>;
}

/** @throws CONFIG_INVALID when the chosen service is not set up */
export function openProviders(
  { wrappingKey, fingerprint }: Pick<Keyring, 'wrappingKey' | 'fingerprint'>,
  { provider: chosen = 'local', kms, vault, pkcs11 }: KeyOptions,
): Providers {
  const providers = new Map<ProviderName, KeyProvider>([['local', localProvider(wrappingKey, fingerprint)]]);
  if (kms !== undefined) providers.set('aws-kms', kmsProvider(kms));
  if (vault !== undefined) providers.set('vault', vaultProvider(vault));
  if (pkcs11 !== undefined) providers.set('pkcs11', pkcs11Provider(pkcs11));
  const provider = providers.get(chosen);
  if (provider === undefined) {
    const needed =
      chosen === 'aws-kms'
        ? 'kms_key_id'
        : chosen === 'vault'
          ? 'vault_address, vault_token and vault_key'
          : 'pkcs11_module, pkcs11_token, pkcs11_pin and pkcs11_key';
    throw new DartwingError('CONFIG_INVALID', {
      where: 'key_provider',
      message: `${chosen} needs ${needed}`,
    });
  }
  return { provider, providers };
}
