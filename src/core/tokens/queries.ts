/** Statements on integrations. Times by which tokens and leases are judged are the database's. */
import type { Lookup, Tx } from '../db/index.js';
import type { Settings } from './address.js';

export type IntegrationState = 'connected' | 'expired' | 'error' | 'disconnected';

export interface IntegrationRow {
  organization: string;
  id: string;
  provider: string;
  account: string;
  external_account: string | null;
  auth: 'oauth2' | 'api_key' | 'basic';
  status: IntegrationState;
  health: 'unknown' | 'healthy' | 'degraded';
  health_failures: number;
  scopes: string[];
  settings: Settings;
  credentials: Buffer | null;
  token_version: string;
  refreshable: boolean;
  expires_at: Date | null;
  stale_at: Date | null;
  lease: string | null;
  lease_until: Date | null;
  attempts: number;
  next_attempt_at: Date | null;
  error_code: string | null;
  error_message: string | null;
  connected_by: string;
  connected_at: Date;
  last_refreshed_at: Date | null;
  last_health_at: Date | null;
  /** The database's clock when the row was read. */
  now: Date;
}

const columns = `organization, id, provider, account, external_account, auth, status, health, health_failures, scopes,
  settings, credentials, token_version, refreshable, expires_at, stale_at, lease, lease_until, attempts, next_attempt_at,
  error_code, error_message, connected_by, connected_at, last_refreshed_at, last_health_at, clock_timestamp() as now`;

export async function findByAccount(
  tx: Tx,
  organization: string,
  provider: string,
  account: string,
): Promise<IntegrationRow | undefined> {
  const text = `select ${columns} from organization_integration
    where organization = $1 and provider = $2 and account = $3`;
  const values = [organization, provider, account];
  return (await tx.query<IntegrationRow>(text, values, 'dartwing_integration_account')).rows[0];
}

const heldColumns = [
  'organization',
  'id',
  'provider',
  'account',
  'status',
  'settings',
  'credentials',
  'token_version',
  'refreshable',
  'expires_at',
  'stale_at',
  'next_attempt_at',
] as const;

/** What decides about a token, and the token. */
export type HeldRow = Pick<IntegrationRow, (typeof heldColumns)[number] | 'now'>;

/** The same of one that nobody remembers, in a transaction of its own. */
export function lookupByAccount(provider: string, account: string): Lookup {
  const key = { provider, account };
  const columns = `${heldColumns.join(', ')}, clock_timestamp() as now`;
  return { name: 'dartwing_integration_look', columns, table: 'organization_integration', key };
}

export async function findById(
  tx: Tx,
  organization: string,
  id: string,
): Promise<IntegrationRow | undefined> {
  const text = `select ${columns} from organization_integration where organization = $1 and id = $2`;
  return (await tx.query<IntegrationRow>(text, [organization, id], 'dartwing_integration_id')).rows[0];
}

export async function lockById(
  tx: Tx,
  organization: string,
  id: string,
): Promise<IntegrationRow | undefined> {
  const text = `select ${columns} from organization_integration where organization = $1 and id = $2 for update`;
  return (await tx.query<IntegrationRow>(text, [organization, id], 'dartwing_integration_lock')).rows[0];
}

export interface ListFilter {
  organization: string;
  provider?: string | undefined;
  state?: string | undefined;
  /** End within so many milliseconds. */
  expiringMs?: number | undefined;
  limit: number;
  offset: number;
}

export async function pageIntegrations(
  tx: Tx,
  { organization, provider, state, expiringMs, limit, offset }: ListFilter,
): Promise<{ rows: IntegrationRow[]; total: number }> {
  const where = `organization = $1 and ($2::text is null or provider = $2) and ($3::text is null or status = $3)
    and ($4::bigint is null or expires_at <= clock_timestamp() + $4 * interval '1 millisecond')`;
  const values = [organization, provider ?? null, state ?? null, expiringMs ?? null];
  const [rows, total] = await Promise.all([
    tx.query<IntegrationRow>(
      `select ${columns} from organization_integration where ${where} order by provider, account limit $5 offset $6`,
      [...values, limit, offset],
      'dartwing_integration_page',
    ),
    tx.query<{ total: number }>(
      `select count(*)::int as total from organization_integration where ${where}`,
      values,
      'dartwing_integration_count',
    ),
  ]);
  return { rows: rows.rows, total: total.rows[0]!.total };
}

/** The row of an account, made when there is none yet, and locked. */
export async function ensureIntegration(
  tx: Tx,
  row: Pick<IntegrationRow, 'organization' | 'id' | 'provider' | 'account' | 'auth' | 'connected_by'> & {
    at: Date;
  },
): Promise<IntegrationRow> {
  const { organization, id, provider, account, auth, connected_by, at } = row;
  await tx.query(
    `insert into organization_integration (organization, id, provider, account, auth, status, connected_by, connected_at, modified_at)
     values ($1, $2, $3, $4, $5, 'disconnected', $6, $7, $7)
     on conflict (organization, provider, account) do nothing`,
    [organization, id, provider, account, auth, connected_by, at],
    'dartwing_integration_ensure',
  );
  const text = `select ${columns} from organization_integration
    where organization = $1 and provider = $2 and account = $3 for update`;
  return (await tx.query<IntegrationRow>(text, [organization, provider, account])).rows[0]!;
}

export async function countIntegrations(tx: Tx, organization: string): Promise<number> {
  const text = 'select count(*)::int as count from organization_integration where organization = $1';
  return (await tx.query<{ count: number }>(text, [organization])).rows[0]!.count;
}

/** What a provider granted, as it is written down. Lives in milliseconds from now. */
export interface Tokens {
  credentials: Buffer;
  refreshable: boolean;
  /** Null when it never ends. */
  lifeMs: number | null;
  /** How long before its end it counts as stale. */
  marginMs: number;
}

const written = `credentials = $3, refreshable = $4, status = 'connected',
    expires_at = clock_timestamp() + $5 * interval '1 millisecond',
    stale_at = clock_timestamp() + ($5::bigint - $6::bigint) * interval '1 millisecond',
    token_version = token_version + 1, lease = null, lease_until = null, attempts = 0, next_attempt_at = null,
    error_code = null, error_message = null`;

function writtenValues({ credentials, refreshable, lifeMs, marginMs }: Tokens): unknown[] {
  return [credentials, refreshable, lifeMs, marginMs];
}

/** Writes what somebody has just authorized, over whatever was there. */
export async function writeConnection(
  tx: Tx,
  { organization, id }: Pick<IntegrationRow, 'organization' | 'id'>,
  tokens: Tokens,
  facts: Pick<IntegrationRow, 'auth' | 'scopes' | 'settings' | 'external_account' | 'connected_by'> & {
    at: Date;
  },
): Promise<IntegrationRow> {
  const text = `update organization_integration set ${written}, auth = $7, scopes = $8, settings = $9,
      external_account = $10, connected_by = $11, connected_at = $12, modified_at = $12, last_refreshed_at = null,
      health = 'unknown', health_failures = 0
    where organization = $1 and id = $2 returning ${columns}`;
  const { auth, scopes, settings, external_account, connected_by, at } = facts;
  const values = [
    organization,
    id,
    ...writtenValues(tokens),
    auth,
    scopes,
    settings,
    external_account,
    connected_by,
    at,
  ];
  return (await tx.query<IntegrationRow>(text, values)).rows[0]!;
}

/** Writes what a refresh brought, if nobody else did meanwhile. */
export async function writeRefreshed(
  tx: Tx,
  { organization, id, token_version }: Pick<IntegrationRow, 'organization' | 'id' | 'token_version'>,
  lease: string,
  tokens: Tokens,
  at: Date,
): Promise<IntegrationRow | undefined> {
  const text = `update organization_integration set ${written}, last_refreshed_at = $7, modified_at = $7
    where organization = $1 and id = $2 and token_version = $8 and lease = $9 returning ${columns}`;
  const values = [organization, id, ...writtenValues(tokens), at, token_version, lease];
  return (await tx.query<IntegrationRow>(text, values, 'dartwing_integration_refreshed')).rows[0];
}

/** The same for an answer that came too late, over a version that nobody could renew. */
export async function writeAdopted(
  tx: Tx,
  { organization, id, token_version }: Pick<IntegrationRow, 'organization' | 'id' | 'token_version'>,
  tokens: Tokens,
  at: Date,
): Promise<IntegrationRow | undefined> {
  const text = `update organization_integration set ${written}, last_refreshed_at = $7, modified_at = $7
    where organization = $1 and id = $2 and token_version = $8 and status <> 'disconnected' returning ${columns}`;
  const values = [organization, id, ...writtenValues(tokens), at, token_version];
  return (await tx.query<IntegrationRow>(text, values)).rows[0];
}

/** The right to ask the provider, for one version and a while. Undefined when somebody else has it, or was faster. */
export async function takeLease(
  tx: Tx,
  { organization, id, token_version }: Pick<IntegrationRow, 'organization' | 'id' | 'token_version'>,
  lease: string,
  leaseMs: number,
): Promise<IntegrationRow | undefined> {
  const text = `update organization_integration
    set lease = $4, lease_until = clock_timestamp() + $5 * interval '1 millisecond'
    where organization = $1 and id = $2 and token_version = $3 and status in ('connected', 'error')
      and (lease is null or lease_until < clock_timestamp())
    returning ${columns}`;
  const values = [organization, id, token_version, lease, leaseMs];
  return (await tx.query<IntegrationRow>(text, values, 'dartwing_integration_lease')).rows[0];
}

/** Ends a lease without tokens; nothing when it was taken over. `status` is what it leaves behind. */
export async function writeFailure(
  tx: Tx,
  { organization, id, token_version }: Pick<IntegrationRow, 'organization' | 'id' | 'token_version'>,
  lease: string,
  failure: { status: 'error' | 'expired'; code: string; message: string; pauseMs: number | null; at: Date },
): Promise<IntegrationRow | undefined> {
  const text = `update organization_integration set status = $5, error_code = $6, error_message = $7,
      attempts = attempts + 1, next_attempt_at = clock_timestamp() + $8 * interval '1 millisecond',
      lease = null, lease_until = null, modified_at = $9
    where organization = $1 and id = $2 and token_version = $3 and lease = $4 returning ${columns}`;
  const { status, code, message, pauseMs, at } = failure;
  const values = [organization, id, token_version, lease, status, code, message, pauseMs, at];
  return (await tx.query<IntegrationRow>(text, values)).rows[0];
}

/** A token that cannot be renewed and whose time is over. */
export async function writeEnded(
  tx: Tx,
  { organization, id, token_version }: Pick<IntegrationRow, 'organization' | 'id' | 'token_version'>,
  at: Date,
): Promise<IntegrationRow | undefined> {
  const text = `update organization_integration set status = 'expired', error_code = 'token_ended',
      error_message = 'The token has ended and the provider gave nothing to renew it with', modified_at = $4
    where organization = $1 and id = $2 and token_version = $3 and status in ('connected', 'error')
      and not refreshable and expires_at <= clock_timestamp() returning ${columns}`;
  return (await tx.query<IntegrationRow>(text, [organization, id, token_version, at])).rows[0];
}

/** Wipes the credentials. A refresh that is under way writes nothing any more. */
export async function writeDisconnected(
  tx: Tx,
  { organization, id }: Pick<IntegrationRow, 'organization' | 'id'>,
  at: Date,
): Promise<IntegrationRow> {
  const text = `update organization_integration set status = 'disconnected', credentials = null, refreshable = false,
      expires_at = null, stale_at = null, token_version = token_version + 1, lease = null, lease_until = null,
      attempts = 0, next_attempt_at = null, error_code = null, error_message = null, health = 'unknown',
      health_failures = 0, modified_at = $3
    where organization = $1 and id = $2 returning ${columns}`;
  const { rows } = await tx.query<IntegrationRow>(text, [organization, id, at]);
  await tx.query('delete from refresh_attempt where organization = $1 and integration = $2', [
    organization,
    id,
  ]);
  return rows[0]!;
}

export async function writeHealth(
  tx: Tx,
  { organization, id }: Pick<IntegrationRow, 'organization' | 'id'>,
  well: boolean,
  failuresMax: number,
): Promise<IntegrationRow | undefined> {
  const text = `update organization_integration set last_health_at = clock_timestamp(),
      health_failures = case when $3 then 0 else health_failures + 1 end,
      health = case when $3 then 'healthy' when health_failures + 1 >= $4 then 'degraded' else health end
    where organization = $1 and id = $2 and status <> 'disconnected' returning ${columns}`;
  return (await tx.query<IntegrationRow>(text, [organization, id, well, failuresMax])).rows[0];
}

/** Organizations with tokens that end within the horizon and may be asked for now. */
export async function listDueOrganizations(tx: Tx, horizonMs: number, limit: number): Promise<string[]> {
  const text = `select distinct organization from organization_integration
    where refreshable and status in ('connected', 'error')
      and expires_at < clock_timestamp() + $1 * interval '1 millisecond'
      and (next_attempt_at is null or next_attempt_at <= clock_timestamp())
    limit $2`;
  const { rows } = await tx.query<{ organization: string }>(
    text,
    [horizonMs, limit],
    'dartwing_integration_due',
  );
  return rows.map(({ organization }) => organization);
}

/** The same tokens of one organization, those that end first in front. */
export async function listDue(
  tx: Tx,
  organization: string,
  horizonMs: number,
  limit: number,
): Promise<IntegrationRow[]> {
  const text = `select ${columns} from organization_integration
    where organization = $1 and refreshable and status in ('connected', 'error')
      and expires_at < clock_timestamp() + $2 * interval '1 millisecond'
      and (next_attempt_at is null or next_attempt_at <= clock_timestamp())
    order by expires_at limit $3`;
  return (await tx.query<IntegrationRow>(text, [organization, horizonMs, limit])).rows;
}

/** Organizations with connections whose health nobody has looked at for a while. */
export async function listUnseenOrganizations(tx: Tx, idleMs: number, limit: number): Promise<string[]> {
  const text = `select distinct organization from organization_integration where status in ('connected', 'error')
      and (last_health_at is null or last_health_at < clock_timestamp() - $1 * interval '1 millisecond') limit $2`;
  const { rows } = await tx.query<{ organization: string }>(text, [idleMs, limit]);
  return rows.map(({ organization }) => organization);
}

/** Everything of the room that belongs to an organization, when it is purged. */
export async function deleteIntegrations(tx: Tx, organization: string): Promise<void> {
  await tx.query('delete from incoming_webhook where organization = $1', [organization]);
  await tx.query('delete from connect_attempt where organization = $1', [organization]);
  await tx.query('delete from organization_integration where organization = $1', [organization]);
}

/** Gives what a merged person connected to the one it was merged into. Returns how many. */
export async function moveIntegrations(tx: Tx, loser: string, winner: string): Promise<number> {
  const text = 'update organization_integration set connected_by = $2 where connected_by = $1';
  return (await tx.query(text, [loser, winner])).rowCount;
}
