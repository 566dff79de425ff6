/** Statements on the two journals: of people who were sent to a provider, and of refreshes. */
import type { Tx } from '../db/index.js';
import type { Settings } from './address.js';

export interface ConnectRow {
  organization: string;
  id: string;
  flow: 'code' | 'device';
  state_hash: Buffer;
  binding_hash: Buffer;
  provider: string;
  account: string;
  principal_type: string;
  principal_id: string;
  redirect_uri: string | null;
  scopes: string[];
  settings: Settings;
  may_change_account: boolean;
  secret: Buffer;
  expires_at: Date;
}

const columns = `organization, id, flow, state_hash, binding_hash, provider, account, principal_type, principal_id,
  redirect_uri, scopes, settings, may_change_account, secret, expires_at`;

export async function insertConnect(
  tx: Tx,
  row: Omit<ConnectRow, 'expires_at'> & { at: Date; lifeMs: number },
): Promise<ConnectRow> {
  const text = `insert into connect_attempt (organization, id, flow, state_hash, binding_hash, provider, account,
      principal_type, principal_id, redirect_uri, scopes, settings, may_change_account, secret, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
      clock_timestamp() + $16 * interval '1 millisecond') returning ${columns}`;
  const values = [
    row.organization,
    row.id,
    row.flow,
    row.state_hash,
    row.binding_hash,
    row.provider,
    row.account,
    row.principal_type,
    row.principal_id,
    row.redirect_uri,
    row.scopes,
    row.settings,
    row.may_change_account,
    row.secret,
    row.at,
    row.lifeMs,
  ];
  return (await tx.query<ConnectRow>(text, values)).rows[0]!;
}

/** Uses up an attempt: once, in time, and by whoever began it. Its secret is wiped and given for the last time. */
export async function consumeConnect(
  tx: Tx,
  organization: string,
  flow: ConnectRow['flow'],
  stateHash: Buffer,
  bindingHash: Buffer,
): Promise<ConnectRow | undefined> {
  const text = `with used as (
      select ${columns} from connect_attempt
      where organization = $1 and state_hash = $2 and binding_hash = $3 and flow = $4 and consumed_at is null
        and expires_at > clock_timestamp() for update),
    wiped as (
      update connect_attempt c set consumed_at = clock_timestamp(), secret = null
      from used u where c.organization = u.organization and c.id = u.id returning c.id)
    select used.* from used join wiped using (id)`;
  const values = [organization, stateHash, bindingHash, flow];
  return (await tx.query<ConnectRow>(text, values)).rows[0];
}

/** An attempt that is still open, without using it up. */
export async function findConnect(
  tx: Tx,
  organization: string,
  flow: ConnectRow['flow'],
  stateHash: Buffer,
  bindingHash: Buffer,
): Promise<ConnectRow | undefined> {
  const text = `select ${columns} from connect_attempt
    where organization = $1 and state_hash = $2 and binding_hash = $3 and flow = $4 and consumed_at is null
      and expires_at > clock_timestamp()`;
  const values = [organization, stateHash, bindingHash, flow];
  return (await tx.query<ConnectRow>(text, values)).rows[0];
}

export async function countOpenConnects(tx: Tx, organization: string): Promise<number> {
  const text = `select count(*)::int as count from connect_attempt
    where organization = $1 and consumed_at is null and expires_at > clock_timestamp()`;
  return (await tx.query<{ count: number }>(text, [organization])).rows[0]!.count;
}

/** Of whom it is about: an integration of an organization. */
export interface OfIntegration {
  organization: string;
  integration: string;
}

/** The intent. What an earlier process intended and never told the end of is unknown from here on. */
export async function beginAttempt(
  tx: Tx,
  { organization, integration }: OfIntegration,
  id: string,
  fromVersion: string,
): Promise<void> {
  await tx.query(
    `with former as (
       update refresh_attempt set outcome = 'unknown', finished_at = clock_timestamp()
       where organization = $1 and integration = $3 and outcome is null)
     insert into refresh_attempt (organization, id, integration, from_version) values ($1, $2, $3, $4)`,
    [organization, id, integration, fromVersion],
    'dartwing_refresh_begin',
  );
}

export async function endAttempt(
  tx: Tx,
  organization: string,
  id: string,
  end: { outcome: string; status?: number | null; code?: string | null; orphan?: Buffer | null },
): Promise<void> {
  await tx.query(
    `update refresh_attempt set outcome = $3, http_status = $4, error_code = $5, orphan = $6,
       finished_at = clock_timestamp() where organization = $1 and id = $2`,
    [organization, id, end.outcome, end.status ?? null, end.code ?? null, end.orphan ?? null],
    'dartwing_refresh_end',
  );
}

/** How an attempt ended; undefined when it has not, or is gone with its integration. */
export async function outcomeOf(tx: Tx, organization: string, id: string): Promise<string | undefined> {
  const text = 'select outcome from refresh_attempt where organization = $1 and id = $2';
  return (await tx.query<{ outcome: string | null }>(text, [organization, id])).rows[0]?.outcome ?? undefined;
}

/** The newest answer that came too late for a version. */
export async function findOrphan(
  tx: Tx,
  { organization, integration }: OfIntegration,
  version: string,
): Promise<{ id: string; orphan: Buffer } | undefined> {
  const text = `select id, orphan from refresh_attempt
    where organization = $1 and integration = $2 and from_version = $3 and orphan is not null
    order by started_at desc limit 1`;
  return (await tx.query<{ id: string; orphan: Buffer }>(text, [organization, integration, version])).rows[0];
}

/** Deletes what nobody needs any more, some at a time. Returns how many. */
export async function deleteOldAttempts(tx: Tx, keptMs: number, limit: number): Promise<number> {
  const old = `clock_timestamp() - $1 * interval '1 millisecond'`;
  const connects = await tx.query(
    `delete from connect_attempt where (organization, id) in
       (select organization, id from connect_attempt where expires_at < ${old} limit $2)`,
    [keptMs, limit],
  );
  const refreshes = await tx.query(
    `delete from refresh_attempt where (organization, id) in
       (select organization, id from refresh_attempt where started_at < ${old} limit $2)`,
    [keptMs, limit],
  );
  return connects.rowCount + refreshes.rowCount;
}
