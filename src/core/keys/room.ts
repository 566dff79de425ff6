/** The room as callers see it. */
import type { CallOptions, Session } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type DataKeys, openChest } from './data-keys.js';
import type { KeyList } from './document.js';
import { findKeyTrouble, type KeyFindings, listKeys, verifyKeys } from './inspect.js';
import { destroyKey, eraseOrganization, type KeyChange, retireKey } from './life.js';
import type { Keyring } from './master.js';
import { type KeyOptions, openProviders } from './providers.js';
import { findPurposes, type RotateOptions, type RotationResult, rewrapKeys, rotateKeys } from './rotate.js';

/** Data keys and what is sealed with them. Organizations are given by id or slug, or as `SYSTEM`. */
export interface Keys extends DataKeys {
  /** Who wraps new data keys, and the name of the master key there. */
  readonly service: { readonly name: string; readonly master: string };
  /** Returns when the master key can be used now. @throws KEY_SERVICE_UNAVAILABLE, KEY_SERVICE_REFUSED */
  check(): Promise<void>;
  list(query?: { organization?: string | undefined }, call?: CallOptions): Promise<KeyList>;
  /** What needs attention, without opening anything. */
  status(query?: { organization?: string | undefined }, call?: CallOptions): Promise<KeyFindings>;
  /** Opens samples of every key in every sealed column. */
  verify(
    query?: { organization?: string | undefined; samples?: number | undefined },
    call?: CallOptions,
  ): Promise<KeyFindings>;
  /**
   * Makes new keys. @throws KEY_NOT_FOUND (there is nothing to rotate), CANCELED, KEY_SERVICE_*; with several
   * organizations and purposes their errors are in the result.
   */
  rotate(options?: RotateOptions, call?: CallOptions): Promise<RotationResult>;
  /** Rotates what is a month old, for a scheduler. Former keys go on opening. */
  rotateDue(call?: CallOptions): Promise<RotationResult>;
  /** Wraps data keys with today's master key: after a change of the key service, or of its key's version. */
  rewrap(
    query?: { organization?: string | undefined },
    call?: CallOptions,
  ): Promise<{ rewrapped: number; total: number }>;
  retire(id: string, call?: CallOptions): Promise<KeyChange>;
  destroy(id: string, options?: { erase?: boolean | undefined }, call?: CallOptions): Promise<KeyChange>;
  /** Destroys all keys of an organization in one transaction. */
  eraseOrganization(
    organization: string,
    options?: { erase?: boolean | undefined },
    call?: CallOptions,
  ): Promise<KeyChange[]>;
}

export interface KeysParts {
  session: Session;
  clock: Clock;
  keyring: Pick<Keyring, 'wrappingKey' | 'fingerprint'>;
  options: KeyOptions;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  idOf(ref: string, call?: CallOptions): Promise<string>;
}

/** @throws CONFIG_INVALID */
export function openKeys({ session, clock, keyring, options, transaction, idOf }: KeysParts): Keys {
  const { keptMs: cacheMs = limits.dataKeyKeptMs } = options;
  const chest = openChest({ clock, ...openProviders(keyring, options), cacheMs });
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const parts = { session, chest, clock, transaction, pause };
  const resolve = async (ref: string | undefined, call: CallOptions | undefined) =>
    ref === undefined || ref === systemOrganization ? ref : idOf(ref, call);
  return {
    seal: chest.seal,
    sealMany: chest.sealMany,
    open: chest.open,
    openKnown: chest.openKnown,
    service: Object.freeze({ name: chest.provider.name, master: chest.provider.master }),
    check: () => chest.provider.check(),
    list: async ({ organization } = {}, call) => {
      const id = await resolve(organization, call);
      return session.run('key list', call, (scope) => listKeys(scope, id));
    },
    status: async ({ organization } = {}, call) => {
      const id = await resolve(organization, call);
      return session.run('key status', call, (scope) => findKeyTrouble(scope, chest, id));
    },
    verify: async ({ organization, samples = limits.keySamples } = {}, call) => {
      requireWhole('samples', samples, 1_000_000);
      const id = await resolve(organization, call);
      return session.run('key verify', call, (scope) => verifyKeys(scope, chest, id, samples));
    },
    rotate: async (given = {}, call) => {
      const { organization: ref, purpose, perSecond } = given;
      if (perSecond !== undefined && !(perSecond > 0 && perSecond <= 1_000_000))
        throw new DartwingError('VALIDATION_ERROR', {
          message: 'perSecond is more than 0 and at most 1,000,000',
        });
      const organization = await resolve(ref, call);
      const wanted = { ...(organization && { organization }), ...(purpose && { purpose }) };
      const found = await session.run('key rotate', call, (scope) => findPurposes(scope, wanted));
      if (found.length === 0 && organization !== undefined)
        throw new DartwingError('KEY_NOT_FOUND', { id: `of ${[ref, purpose].filter(Boolean).join(', ')}` });
      return rotateKeys(parts, found, given, call);
    },
    rotateDue: async (call) => {
      const before = new Date(clock.now().getTime() - limits.dataKeyMs);
      const found = await session.run('key rotate', call, (scope) => findPurposes(scope, { before }));
      return rotateKeys(parts, found, {}, call);
    },
    rewrap: async ({ organization } = {}, call) => rewrapKeys(parts, await resolve(organization, call), call),
    retire: (id, call) => session.run('key retire', call, (scope) => retireKey(scope, id), { retire: id }),
    destroy: (id, { erase = false } = {}, call) =>
      session.run('key destroy', call, (scope) => destroyKey(scope, chest, id, erase), {
        destroy: id,
        erase,
      }),
    eraseOrganization: async (ref, { erase = false } = {}, call) => {
      const id = await resolve(ref, call);
      const work = { erase_organization: id, erase };
      return session.run('key destroy', call, (scope) => eraseOrganization(scope, chest, id!, erase), work);
    },
  };
}

/** @throws VALIDATION_ERROR */
function requireWhole(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new DartwingError('VALIDATION_ERROR', { message: `${name} is a whole number from 1 to ${max}` });
}
