/**
 * Sealing and opening. A data key is made with the first value of its organization and purpose, unwrapped by its
 * provider when it is first needed, and kept in memory for a while.
 */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import { limits } from '../limits.js';
import { keyIdOf, openEnvelope, type Place, saltBytes, sealEnvelope } from './envelope.js';
import type { KeyContext, KeyProvider, ProviderName } from './provider.js';
import { findKey, holdActiveKey, insertFirstKey, type KeyMaterial, wantsKeyService } from './queries.js';

/** Seals values into columns of the type `sealed`, and opens them. */
export interface DataKeys {
  /**
   * An envelope for one place, sealed with the active key of the organization and purpose in the transaction in which
   * it will be written: until that ends no rotation passes it by.
   * @throws KEY_SERVICE_UNAVAILABLE, KEY_SERVICE_REFUSED, KEY_PROVIDER_MISSING
   */
  seal(tx: Tx, purpose: string, place: Place, plain: Uint8Array | string): Promise<Buffer>;
  /** The same for many places of one organization, with one look at the key. @throws as `seal` */
  sealMany(
    tx: Tx,
    purpose: string,
    items: readonly { place: Place; plain: Uint8Array | string }[],
  ): Promise<Buffer[]>;
  /**
   * The value of an envelope.
   * @throws SEAL_BROKEN (changed, or from another place), KEY_NOT_FOUND, KEY_RETIRED, KEY_DESTROYED, and as `seal`
   */
  open(tx: Tx, place: Place, sealed: Uint8Array): Promise<Buffer>;
  /** The same without a transaction; undefined where its key is not in memory. @throws SEAL_BROKEN */
  openKnown(place: Place, sealed: Uint8Array): Buffer | undefined;
}

/** What the rest of the room needs besides. */
export interface KeyChest extends DataKeys {
  readonly provider: KeyProvider;
  /** The provider with which a key was wrapped. @throws KEY_PROVIDER_MISSING */
  providerOf(name: ProviderName): KeyProvider;
  /** A key of another state than the usual ones, for verification. @throws as `open` */
  secretOf(key: KeyMaterial): Promise<KeyObject>;
  forget(id: string): void;
}

export interface ChestParts {
  clock: Clock;
  /** With which new data keys are wrapped. */
  provider: KeyProvider;
  /** All that are configured. */
  providers: ReadonlyMap<ProviderName, KeyProvider>;
  /** How long an unwrapped key stays in memory; 0 asks the provider each time. */
  cacheMs: number;
}

interface Kept {
  secret: KeyObject;
  until: number;
}

export function openChest({ clock, provider, providers, cacheMs }: ChestParts): KeyChest {
  const kept = new Map<string, Kept>();
  const asking = new Map<string, Promise<KeyObject>>();
  /** Keys that were made in a transaction which has not ended: nobody else may know them, they may never have been. */
  const made = new WeakMap<Tx, Map<string, KeyObject>>();

  const keep = (id: string, secret: KeyObject) => {
    if (cacheMs === 0) return;
    kept.delete(id);
    if (kept.size >= limits.dataKeysKeptMax) kept.delete(kept.keys().next().value!);
    kept.set(id, { secret, until: clock.monotonicMs() + cacheMs });
  };
  const known = (id: string): KeyObject | undefined => {
    const found = kept.get(id);
    if (found === undefined) return undefined;
    if (found.until > clock.monotonicMs()) return found.secret;
    kept.delete(id);
    return undefined;
  };
  const providerOf: KeyChest['providerOf'] = (name) => {
    const found = providers.get(name);
    if (found === undefined)
      throw new DartwingError('KEY_PROVIDER_MISSING', {
        provider: name,
        fix: 'dartwing help environment (DARTWING_KMS_KEY_ID, DARTWING_VAULT_ADDR)',
      });
    return found;
  };

  const secretOf: KeyChest['secretOf'] = async (key) => {
    if (key.wrapped === null) throw new DartwingError('KEY_DESTROYED', { id: key.id });
    const found = known(key.id);
    if (found !== undefined) return found;
    const pending = asking.get(key.id);
    if (pending !== undefined) return pending;
    const { wrapped, master } = key;
    const unwrapping = providerOf(key.provider)
      .unwrap({ wrapped, master }, contextOf(key))
      .then((plain) => {
        const secret = secretFrom(plain);
        // A key that was forgotten meanwhile is not remembered again.
        if (asking.get(key.id) === unwrapping) keep(key.id, secret);
        return secret;
      })
      .finally(() => {
        if (asking.get(key.id) === unwrapping) asking.delete(key.id);
      });
    asking.set(key.id, unwrapping);
    return unwrapping;
  };

  const makeFirst = async (tx: Tx, organization: string, purpose: string): Promise<KeyMaterial> => {
    if (provider.name === 'local') await refuseLocal(tx, organization);
    const at = clock.now();
    const id = uuidv7(at);
    const { plain, ...wrapped } = await provider.generate({ organization, purpose, key: id });
    const secret = secretFrom(plain);
    const key = { organization, id, purpose, state: 'active' as const, provider: provider.name, ...wrapped };
    const first = await insertFirstKey(tx, key, at);
    if (first !== undefined) {
      made.set(tx, (made.get(tx) ?? new Map()).set(id, secret));
      tx.afterCommit(() => keep(id, secret));
      return first;
    }
    const others = await holdActiveKey(tx, organization, purpose);
    // The one it lost against was destroyed at once.
    if (others === undefined) throw new DartwingError('DATABASE_BUSY', { attempts: 1 });
    return others;
  };

  return {
    provider,
    providerOf,
    secretOf,
    forget: (id) => {
      kept.delete(id);
      asking.delete(id);
    },
    seal: async (tx, purpose, place, plain) => (await sealMany(tx, purpose, [{ place, plain }]))[0]!,
    sealMany,
    open: async (tx, place, sealed) => {
      requireBound(tx, place.organization);
      const id = requireKeyId(place, sealed);
      const secret = made.get(tx)?.get(id) ?? known(id) ?? (await readable(tx, place.organization, id));
      return requireOpened(secret, place, sealed);
    },
    openKnown: (place, sealed) => {
      const secret = known(requireKeyId(place, sealed));
      return secret && requireOpened(secret, place, sealed);
    },
  };

  async function sealMany(...[tx, purpose, items]: Parameters<DataKeys['sealMany']>): Promise<Buffer[]> {
    const [first] = items;
    if (first === undefined) return [];
    const { organization } = first.place;
    requireBound(tx, organization);
    if (items.some(({ place }) => place.organization !== organization))
      throw new Error('Values of several organizations are sealed one organization after the other');
    // Whoever waited for a rotation finds no active key the first time: its statement began before the new one.
    const key =
      (await holdActiveKey(tx, organization, purpose)) ??
      (await holdActiveKey(tx, organization, purpose)) ??
      (await makeFirst(tx, organization, purpose));
    const secret = made.get(tx)?.get(key.id) ?? (await secretOf(key));
    return items.map(({ place, plain }) => {
      const bytes = typeof plain === 'string' ? Buffer.from(plain, 'utf8') : plain;
      return sealEnvelope(secret, key.id, place, bytes, randomBytes(saltBytes));
    });
  }

  async function readable(tx: Tx, organization: string, id: string): Promise<KeyObject> {
    const key = await findKey(tx, organization, id);
    if (key === undefined) throw new DartwingError('KEY_NOT_FOUND', { id });
    if (key.state === 'retired') throw new DartwingError('KEY_RETIRED', { id });
    return secretOf(key);
  }
}

function broken({ table, column }: Place): DartwingError {
  return new DartwingError('SEAL_BROKEN', { table, column });
}

function requireKeyId(place: Place, sealed: Uint8Array): string {
  const id = keyIdOf(Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength));
  if (id === undefined) throw broken(place);
  return id;
}

function requireOpened(secret: KeyObject, place: Place, sealed: Uint8Array): Buffer {
  const plain = openEnvelope(secret, place, sealed);
  if (plain === undefined) throw broken(place);
  return plain;
}

/** A compliance policy may want a key service. @throws KEY_SERVICE_REQUIRED */
export async function refuseLocal(tx: Tx, organization: string): Promise<void> {
  if (await wantsKeyService(tx, organization))
    throw new DartwingError('KEY_SERVICE_REQUIRED', { organization });
}

/** The memory knows keys of every organization; a transaction of one has no business with another's. */
function requireBound({ organization }: Tx, wanted: string): void {
  if (organization === undefined || organization === wanted) return;
  throw new DartwingError('PERMISSION_DENIED', {
    actor: organization,
    action: 'use',
    ref: `Data Key of ${wanted}`,
  });
}

export function contextOf({ organization, purpose, id }: KeyMaterial): KeyContext {
  return { organization, purpose, key: id };
}

/** The key as an object that prints nothing of itself; the bytes it came in are wiped. */
function secretFrom(plain: Buffer): KeyObject {
  const secret = createSecretKey(plain);
  plain.fill(0);
  return secret;
}
