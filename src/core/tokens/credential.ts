/** What is sealed of an integration, and what callers get of it. */
import type { Tx } from '../db/index.js';
import type { DataKeys, Place } from '../keys/index.js';
import { limits } from '../limits.js';
import type { Settings } from './address.js';
import type { Grant } from './grant.js';
import type { HeldRow, IntegrationRow, Tokens } from './queries.js';

/** The purpose of the data keys that seal here. */
export const purpose = 'integration';

/** The content of an envelope. */
export interface Credential {
  /** Access token, API key or password. */
  secret: string;
  /** User name of basic credentials. */
  username?: string | undefined;
  refreshToken?: string | undefined;
  /** Other members of the provider's answer that calls need. */
  details: Record<string, string>;
}

/** A credential to call a provider with. Neither JSON nor a log shows its secret. */
export interface AccessToken {
  /** Access token, API key or password; not enumerable. */
  readonly accessToken: string;
  readonly username: string | undefined;
  readonly provider: string;
  readonly account: string;
  /** Null when it has no known end. */
  readonly expiresAt: Date | null;
  /** Grows with every renewal: tells `reject` which token a provider refused. */
  readonly version: string;
  /** What the provider gave besides, such as `instance_url`. */
  readonly details: Readonly<Record<string, string>>;
  /** What the organization said of itself when it connected: its subdomain. */
  readonly settings: Settings;
}

type Named = Pick<IntegrationRow, 'organization' | 'id'>;

export function placeOfCredentials({ organization, id }: Named): Place {
  return { organization, table: 'organization_integration', column: 'credentials', row: [id] };
}

/** Where an answer that came too late lies; `id` is that of the attempt. */
export function placeOfOrphan({ organization, id }: Named): Place {
  return { organization, table: 'refresh_attempt', column: 'orphan', row: [id] };
}

export function placeOfConnect({ organization, id }: Named): Place {
  return { organization, table: 'connect_attempt', column: 'secret', row: [id] };
}

export function sealCredential(keys: DataKeys, tx: Tx, place: Place, credential: object): Promise<Buffer> {
  return keys.seal(tx, purpose, place, JSON.stringify(credential));
}

/** @throws SEAL_BROKEN, KEY_* */
export async function openCredential<Content = Credential>(
  keys: DataKeys,
  tx: Tx,
  place: Place,
  sealed: Buffer,
): Promise<Content> {
  return JSON.parse((await keys.open(tx, place, sealed)).toString('utf8')) as Content;
}

/** The same where the key is in memory, without a transaction; else undefined. @throws SEAL_BROKEN */
export function openKnownCredential(keys: DataKeys, place: Place, sealed: Buffer): Credential | undefined {
  const plain = keys.openKnown(place, sealed);
  return plain && (JSON.parse(plain.toString('utf8')) as Credential);
}

/** What a grant leaves to be kept; without a new refresh token the former one goes on. */
export function credentialOf(grant: Grant, former?: Credential): Credential {
  return {
    secret: grant.accessToken,
    refreshToken: grant.refreshToken ?? former?.refreshToken,
    details: { ...former?.details, ...grant.details },
  };
}

/** How a grant is written down. A token counts as stale 300 s before its end, one of a short life a third of it. */
export function tokensOf(credentials: Buffer, refreshable: boolean, expiresInS: number | null): Tokens {
  const lifeMs = expiresInS === null ? null : expiresInS * 1000;
  const marginMs = Math.floor(Math.min(limits.tokenMarginMs, (lifeMs ?? 0) / 3));
  return { credentials, refreshable, lifeMs, marginMs };
}

export function accessTokenOf(row: HeldRow, { secret, username, details }: Credential): AccessToken {
  const token = {
    username,
    provider: row.provider,
    account: row.account,
    expiresAt: row.expires_at,
    version: row.token_version,
    details: Object.freeze({ ...details }),
    settings: Object.freeze({ ...row.settings }),
  };
  return Object.freeze(Object.defineProperty(token, 'accessToken', { value: secret })) as AccessToken;
}
