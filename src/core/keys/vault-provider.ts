/**
 * The master key in the transit engine of HashiCorp Vault, or of OpenBao: `encrypt` and `decrypt` over HTTP, with
 * the context as associated data. A wrapped key is Vault's own text, `vault:v3:…`, so a rotation of
 * the transit key needs nothing here until `min_decryption_version` is raised; `key rotate --rewrap` goes before.
 */
import { randomBytes } from 'node:crypto';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { contextBytes, type KeyContext, type KeyProvider } from './provider.js';

export interface VaultOptions {
  /** `https://vault.acme.test:8200` */
  address: string;
  token: string;
  /** Name of the transit key; of a type that takes associated data, such as aes256-gcm96. */
  key: string;
  /** Where the transit engine is mounted; default `transit`. */
  mount?: string | undefined;
  namespace?: string | undefined;
}

const keyBytes = 32;

/** Nothing is asked before the first data key. */
export function vaultProvider({
  address,
  token,
  key,
  mount = 'transit',
  namespace,
}: VaultOptions): KeyProvider {
  const ask = async (method: 'GET' | 'POST', path: string, body?: object): Promise<VaultData> => {
    const response = await fetch(new URL(`v1/${mount}/${path}`, address.replace(/\/*$/, '/')), {
      method,
      headers: {
        'X-Vault-Token': token,
        'X-Vault-Request': 'true',
        ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
      },
      redirect: 'error',
      signal: AbortSignal.timeout(limits.keyServiceMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new DartwingError(
        'KEY_SERVICE_UNAVAILABLE',
        { provider: 'vault', reason: 'no connection' },
        { cause: error },
      );
    });
    const answer = (await response.json().catch(() => undefined)) as VaultAnswer | undefined;
    if (response.ok && answer?.data !== undefined) return answer.data;
    throw failureOf(response.status, answer?.errors);
  };
  const name = encodeURIComponent(key);
  const master = `${mount}/${key}`;
  const bound = (context: KeyContext) => contextBytes(context).toString('base64');
  const wrap: KeyProvider['wrap'] = async (plain, context) => {
    const { ciphertext } = await ask('POST', `encrypt/${name}`, {
      plaintext: plain.toString('base64'),
      associated_data: bound(context),
    });
    return { wrapped: wrappedOf(ciphertext), master };
  };
  return {
    name: 'vault',
    master,
    wrap,
    // Vault's own datakey call takes no associated data.
    generate: async (context) => {
      const plain = randomBytes(keyBytes);
      return { plain, ...(await wrap(plain, context)) };
    },
    unwrap: async ({ master: wrappedWith, wrapped }, context) => {
      if (wrappedWith !== master)
        throw new DartwingError('KEY_SERVICE_REFUSED', {
          provider: 'vault',
          reason: `it was wrapped with ${wrappedWith}`,
        });
      const { plaintext } = await ask('POST', `decrypt/${name}`, {
        ciphertext: wrapped.toString('latin1'),
        associated_data: bound(context),
      });
      return keyOf(plaintext);
    },
    check: async () => {
      await ask('GET', `keys/${name}`);
    },
  };
}

interface VaultData {
  plaintext?: string;
  ciphertext?: string;
}

interface VaultAnswer {
  data?: VaultData;
  errors?: string[];
}

function keyOf(plaintext: string | undefined): Buffer {
  const plain = Buffer.from(plaintext ?? '', 'base64');
  if (plain.length !== keyBytes) throw unexpected();
  return plain;
}

function wrappedOf(ciphertext: string | undefined): Buffer {
  if (ciphertext === undefined || !/^vault:v\d+:[A-Za-z0-9+/=]+$/.test(ciphertext)) throw unexpected();
  return Buffer.from(ciphertext, 'latin1');
}

function unexpected(): DartwingError {
  return new DartwingError('KEY_SERVICE_UNAVAILABLE', {
    provider: 'vault',
    reason: 'an answer of an unknown form',
  });
}

/** 503 sealed, 429 and 472 to 473 standby or too many requests: another time or another node may answer. */
function failureOf(status: number, errors: string[] | undefined): DartwingError {
  const later = status >= 500 || status === 429 || status === 472 || status === 473;
  const reason = status === 503 ? 'sealed' : [`status ${status}`, ...(errors ?? [])].join(', ').slice(0, 200);
  return new DartwingError(later ? 'KEY_SERVICE_UNAVAILABLE' : 'KEY_SERVICE_REFUSED', {
    provider: 'vault',
    reason,
  });
}
