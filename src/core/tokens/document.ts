/** How integrations and providers look outside. Pure. */
import { createHash } from 'node:crypto';
import type { BreakerState } from './breaker.js';
import type { Provider } from './provider.js';
import type { IntegrationRow, IntegrationState } from './queries.js';

/** The document `Token`: an integration of an organization. No credential is ever in it. */
export interface TokenDocument {
  api_version: 'dartwing/v1';
  kind: 'Token';
  id: string;
  organization: string;
  provider: string;
  /** How the organization calls it. */
  account: string;
  /** Id of the account at the provider, where it tells one. */
  external_account: string | null;
  auth: IntegrationRow['auth'];
  scopes: readonly string[];
  settings: Readonly<Record<string, string>>;
  expires_at: string | null;
  connected_at: string;
  connected_by: string;
  status: {
    state: IntegrationState;
    health: IntegrationRow['health'];
    last_refreshed: string | null;
    last_checked: string | null;
    /** Failures in a row, and when it is tried again. */
    failures: number;
    next_attempt_at: string | null;
    error_code: string | null;
    error_message: string | null;
  };
  /** Whether there is a credential; the fingerprint is that of its envelope. */
  secret: { sealed: boolean; fingerprint: string | null };
}

export interface TokenList {
  api_version: 'dartwing/v1';
  kind: 'TokenList';
  items: TokenDocument[];
  total_count: number;
  limit: number;
  offset: number;
}

/** One line of `ProviderList`. */
export interface ProviderDocument {
  name: string;
  title: string;
  category: string;
  tier: string;
  flow: 'oauth2' | 'api_key' | 'basic';
  device: boolean;
  pkce: boolean;
  scopes: readonly string[];
  /** Whether tokens can be renewed. */
  refresh: boolean;
  /** What an organization has to say of itself. */
  settings: readonly string[];
  /** An application is registered here. */
  configured: boolean;
  docs: string;
}

export interface ProviderList {
  api_version: 'dartwing/v1';
  kind: 'ProviderList';
  items: ProviderDocument[];
  total_count: number;
}

export function tokenDocument(row: IntegrationRow): TokenDocument {
  const { credentials } = row;
  return {
    api_version: 'dartwing/v1',
    kind: 'Token',
    id: row.id,
    organization: row.organization,
    provider: row.provider,
    account: row.account,
    external_account: row.external_account,
    auth: row.auth,
    scopes: row.scopes,
    settings: row.settings,
    expires_at: text(row.expires_at),
    connected_at: row.connected_at.toISOString(),
    connected_by: row.connected_by,
    status: {
      state: row.status,
      health: row.health,
      last_refreshed: text(row.last_refreshed_at),
      last_checked: text(row.last_health_at),
      failures: row.attempts,
      next_attempt_at: text(row.next_attempt_at),
      error_code: row.error_code,
      error_message: row.error_message,
    },
    secret: {
      sealed: credentials !== null,
      fingerprint:
        credentials === null ? null : createHash('sha256').update(credentials).digest('hex').slice(0, 16),
    },
  };
}

export function providerDocument(provider: Provider, configured: boolean): ProviderDocument {
  return {
    name: provider.name,
    title: provider.title,
    category: provider.category,
    tier: provider.tier,
    flow: provider.auth,
    device: provider.device_url !== undefined,
    pkce: provider.auth === 'oauth2' && provider.pkce === 'S256',
    scopes: provider.scopes,
    refresh: provider.refresh.rotates !== 'none',
    settings: Object.keys(provider.settings),
    configured: configured || provider.auth !== 'oauth2',
    docs: provider.docs,
  };
}

/** One thing that health looked at and found wrong. */
export interface TokenFinding {
  [key: string]: unknown;
  id: string;
  severity: 'warn' | 'fail';
  what: string;
  fix: string;
}

/** What a row says by itself, without asking anybody. */
export function findingOf(row: IntegrationRow, breaker: BreakerState): TokenFinding | undefined {
  const { id, organization, provider, account, status } = row;
  const name = `${provider}/${account} of ${organization}`;
  const connect = `dartwing token connect ${provider} --account ${account} --org ${organization}`;
  if (status === 'expired')
    return {
      id,
      severity: 'fail',
      what: `${name} has to be authorized again: ${row.error_message}`,
      fix: connect,
    };
  if (status === 'error')
    return {
      id,
      severity: 'fail',
      what: `${name}: ${row.error_message}`,
      fix: `dartwing token refresh ${id} --org ${organization}`,
    };
  if (breaker !== 'closed')
    return {
      id,
      severity: 'warn',
      what: `${name} failed several times in a row; its breaker is ${breaker.replace('_', ' ')}`,
      fix: `dartwing token refresh ${id} --org ${organization}`,
    };
  if (status === 'connected' && !row.refreshable && row.expires_at !== null)
    return {
      id,
      severity: 'warn',
      what: `${name} ends at ${row.expires_at.toISOString()}, and nothing can renew it`,
      fix: connect,
    };
  return undefined;
}

function text(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
