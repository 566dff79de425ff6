/** Statements about API keys. */
import type { NamedStatement, Tx } from '../db/index.js';
import type { Environment } from './api-key-secret.js';
import { type Door, doorSql } from './link-queries.js';

export interface ApiKeyRow {
  organization: string;
  id: string;
  name: string;
  environment: Environment;
  permissions: string[];
  secret_hash: Buffer;
  former_hash: Buffer | null;
  former_until: Date | null;
  created_at: Date;
  created_by: string;
  rotated_at: Date | null;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

const columns = `organization, id, name, environment, permissions, secret_hash, former_hash, former_until, created_at,
  created_by, rotated_at, expires_at, revoked_at, last_used_at`;

/** A key with what decides whether it opens, all by the database's time. */
export interface KeyCheckRow
  extends Pick<
    ApiKeyRow,
    'organization' | 'id' | 'environment' | 'permissions' | 'secret_hash' | 'former_hash' | 'revoked_at'
  > {
  has_expired: boolean;
  former_opens: boolean;
  organization_open: boolean;
}

/** What decides whether a call with a key comes in. */
export interface KeyArrival {
  /** How long one of the suspects has to wait; null where none has. */
  seconds: number | null;
  /** Undefined where no organization has a key of this id. */
  key: KeyCheckRow | undefined;
  door: Door | undefined;
}

type Nullable<T> = { [Name in keyof T]: T[Name] | null };
type ArrivalRow = { seconds: number | null } & Nullable<KeyCheckRow> & {
    door_id: string | null;
    door_slug: string | null;
    door_mfa: boolean;
    door_tls: boolean;
  };

/** A statement that the machinery asks. */
export type Ask = <Row extends Record<string, unknown>>(statement: NamedStatement) => Promise<Row[]>;

/**
 * Who waits, the key of an id in whichever organization, and the door of the organization that was named by id or slug, of
 * the key's own where none was: in one statement, because every call with a key begins with it.
 */
export async function findKeyArrival(
  ask: Ask,
  { suspects, id, named }: { suspects: readonly Buffer[]; id: string; named: string | undefined },
): Promise<KeyArrival> {
  const text = `select wait.seconds, key.*, door.id as door_id, door.slug as door_slug, door.mfa_required as door_mfa,
      door.tls_required as door_tls
    from (
      select ceil(extract(epoch from max(wait_until) - now()))::float8 as seconds
      from sign_in_failure where subject_hash = any ($1) and wait_until > now()
    ) as wait
    left join lateral (
      select k.organization, k.id, k.environment, k.permissions, k.secret_hash, k.former_hash, k.revoked_at,
        coalesce(k.expires_at <= now(), false) as has_expired, coalesce(k.former_until > now(), false) as former_opens,
        o.status = 'active' and (o.suspended_at is null or coalesce(o.suspended_until <= now(), false)) as organization_open
      from api_key k join organization o on o.id = k.organization where k.id = $2
    ) as key on true
    left join lateral (${doorSql('o.id = coalesce($3, key.organization) or o.slug = $3')}) as door on true`;
  const [row] = await ask<ArrivalRow>({
    name: 'dartwing_api_key_arrival',
    text,
    values: [suspects, id, named ?? null],
  });
  const { seconds, door_id, door_slug, door_mfa, door_tls, ...key } = row!;
  return {
    seconds,
    key: key.id === null ? undefined : (key as KeyCheckRow),
    door:
      door_id === null
        ? undefined
        : { id: door_id, slug: door_slug!, mfa_required: door_mfa, tls_required: door_tls },
  };
}

export async function insertKey(
  tx: Tx,
  key: Pick<
    ApiKeyRow,
    | 'organization'
    | 'id'
    | 'name'
    | 'environment'
    | 'permissions'
    | 'secret_hash'
    | 'created_at'
    | 'created_by'
    | 'expires_at'
  >,
): Promise<ApiKeyRow> {
  const text = `insert into api_key (organization, id, name, environment, permissions, secret_hash, created_at, created_by, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${columns}`;
  const values = [
    key.organization,
    key.id,
    key.name,
    key.environment,
    key.permissions,
    key.secret_hash,
    key.created_at,
    key.created_by,
    key.expires_at,
  ];
  return (await tx.query<ApiKeyRow>(text, values, 'dartwing_api_key_insert')).rows[0]!;
}

export async function lockKey(tx: Tx, organization: string, id: string): Promise<ApiKeyRow | undefined> {
  const text = `select ${columns} from api_key where organization = $1 and id = $2 for update`;
  return (await tx.query<ApiKeyRow>(text, [organization, id], 'dartwing_api_key_lock')).rows[0];
}

/** A page of keys, newest first; ids grow with nothing, so the time decides. */
export async function pageKeys(
  tx: Tx,
  organization: string,
  page: { limit: number; offset: number; revoked: boolean },
): Promise<{ rows: ApiKeyRow[]; total: number }> {
  const which = 'organization = $1 and ($2 or revoked_at is null)';
  const [{ rows }, total] = await Promise.all([
    tx.query<ApiKeyRow>(
      `select ${columns} from api_key where ${which} order by created_at desc, id limit $3 offset $4`,
      [organization, page.revoked, page.limit, page.offset],
      'dartwing_api_key_page',
    ),
    tx.query<{ total: number }>(
      `select count(*)::int as total from api_key where ${which}`,
      [organization, page.revoked],
      'dartwing_api_key_count',
    ),
  ]);
  return { rows, total: total.rows[0]!.total };
}

/** Gives a key another secret; the former one opens until `graceMs` have passed. */
export async function rotateKey(
  tx: Tx,
  { organization, id }: ApiKeyRow,
  hash: Buffer,
  graceMs: number,
  at: Date,
): Promise<ApiKeyRow> {
  const text = `update api_key set secret_hash = $3, rotated_at = $5,
      former_hash = case when $4::float8 > 0 then secret_hash end,
      former_until = case when $4::float8 > 0 then now() + make_interval(secs => $4::float8 / 1000) end
    where organization = $1 and id = $2 returning ${columns}`;
  return (await tx.query<ApiKeyRow>(text, [organization, id, hash, graceMs, at], 'dartwing_api_key_rotate'))
    .rows[0]!;
}

export async function revokeKey(
  tx: Tx,
  { organization, id }: ApiKeyRow,
  at: Date,
  by: string,
): Promise<ApiKeyRow> {
  const text = `update api_key set revoked_at = $3, revoked_by = $4, former_hash = null, former_until = null
    where organization = $1 and id = $2 returning ${columns}`;
  return (await tx.query<ApiKeyRow>(text, [organization, id, at, by], 'dartwing_api_key_revoke')).rows[0]!;
}

/** Writes down that a key was used so many times since the last note. */
export async function noteKeyUse(tx: Tx, organization: string, id: string, uses: number): Promise<void> {
  const text = `with used as (
      update api_key set last_used_at = now() where organization = $1 and id = $2 returning organization, id
    )
    insert into api_key_use (organization, id, day, uses)
    select organization, id, (now() at time zone 'UTC')::date, $3::bigint from used
    on conflict (organization, id, day) do update set uses = api_key_use.uses + excluded.uses`;
  await tx.query(text, [organization, id, uses], 'dartwing_api_key_note');
}

/** Uses by day, newest first. */
export async function readKeyUse(
  tx: Tx,
  organization: string,
  id: string,
  days: number,
): Promise<{ day: string; uses: number }[]> {
  const text = `select day, uses::int as uses from api_key_use where organization = $1 and id = $2
    order by day desc limit $3`;
  return (
    await tx.query<{ day: string; uses: number }>(text, [organization, id, days], 'dartwing_api_key_use')
  ).rows;
}

export async function deleteKeysOf(tx: Tx, organization: string): Promise<void> {
  await tx.query('delete from api_key where organization = $1', [organization]);
}
