/** Statements on data keys. */
import type { Tx } from '../db/index.js';
import type { ProviderName } from './provider.js';

export type KeyState = 'active' | 'decrypt_only' | 'retired' | 'destroyed';

/** What sealing and opening need of a key. */
export interface KeyMaterial {
  organization: string;
  id: string;
  purpose: string;
  version: number;
  state: KeyState;
  provider: ProviderName;
  master: string;
  /** Null when it was destroyed. */
  wrapped: Buffer | null;
}

export interface KeyRow extends KeyMaterial {
  created_at: Date;
  decrypt_only_at: Date | null;
  retired_at: Date | null;
  destroyed_at: Date | null;
}

const material = 'organization, id, purpose, version, state, provider, master, wrapped';
const whole = `${material}, created_at, decrypt_only_at, retired_at, destroyed_at`;

/**
 * The key to seal with, held until the transaction ends: a rotation waits for everybody who still seals with the old
 * key before it takes the new one, so no value is sealed behind its back.
 */
export async function holdActiveKey(
  tx: Tx,
  organization: string,
  purpose: string,
): Promise<KeyMaterial | undefined> {
  const text = `select ${material} from data_key
    where organization = $1 and purpose = $2 and state = 'active' for share`;
  return (await tx.query<KeyMaterial>(text, [organization, purpose], 'dartwing_key_hold')).rows[0];
}

/** The same, to be replaced. */
export async function lockActiveKey(
  tx: Tx,
  organization: string,
  purpose: string,
): Promise<KeyMaterial | undefined> {
  const text = `select ${material} from data_key
    where organization = $1 and purpose = $2 and state = 'active' for update`;
  return (await tx.query<KeyMaterial>(text, [organization, purpose])).rows[0];
}

export async function findKey(tx: Tx, organization: string, id: string): Promise<KeyMaterial | undefined> {
  const text = `select ${material} from data_key where organization = $1 and id = $2`;
  return (await tx.query<KeyMaterial>(text, [organization, id], 'dartwing_key_find')).rows[0];
}

/** The only active key; undefined when another transaction had made one, for which this waited. */
export async function insertFirstKey(
  tx: Tx,
  key: Omit<KeyMaterial, 'version'>,
  at: Date,
): Promise<KeyMaterial | undefined> {
  const text = `insert into data_key (${material}, created_at)
    select $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6, $7, $8 from data_key
    where organization = $1 and purpose = $3 on conflict do nothing returning ${material}`;
  return (await tx.query<KeyMaterial>(text, [...valuesOf(key), at])).rows[0];
}

/** The key after those of its purpose, destroyed ones too. */
export async function insertNextKey(tx: Tx, key: Omit<KeyMaterial, 'version'>, at: Date): Promise<KeyRow> {
  const text = `insert into data_key (${material}, created_at)
    select $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6, $7, $8 from data_key
    where organization = $1 and purpose = $3 returning ${whole}`;
  return (await tx.query<KeyRow>(text, [...valuesOf(key), at])).rows[0]!;
}

function valuesOf({
  organization,
  id,
  purpose,
  state,
  provider,
  master,
  wrapped,
}: Omit<KeyMaterial, 'version'>) {
  return [organization, id, purpose, state, provider, master, wrapped];
}

/** Keys by organization, purpose and version. */
export async function listKeyRows(
  tx: Tx,
  { organization, purpose, id }: { organization?: string; purpose?: string; id?: string },
): Promise<KeyRow[]> {
  const text = `select ${whole} from data_key
    where ($1::text is null or organization = $1) and ($2::text is null or purpose = $2) and ($3::uuid is null or id = $3)
    order by organization, purpose, version`;
  return (await tx.query<KeyRow>(text, [organization, purpose, id])).rows;
}

/** One key, locked against other changes of it. */
export async function lockKey(tx: Tx, id: string): Promise<KeyRow | undefined> {
  const text = `select ${whole} from data_key where id = $1 for update`;
  return (await tx.query<KeyRow>(text, [id])).rows[0];
}

const timeOf: Readonly<Record<Exclude<KeyState, 'active'>, string>> = {
  decrypt_only: 'decrypt_only_at',
  retired: 'retired_at',
  destroyed: 'destroyed_at',
};

/** Moves a key on. Its material goes with the state `destroyed`. */
export async function setKeyState(
  tx: Tx,
  key: Pick<KeyMaterial, 'organization' | 'id'>,
  state: Exclude<KeyState, 'active'>,
  at: Date,
): Promise<KeyRow> {
  const text = `update data_key set state = $3, ${timeOf[state]} = $4, wrapped = case when $3 <> 'destroyed' then wrapped end
    where organization = $1 and id = $2 returning ${whole}`;
  return (await tx.query<KeyRow>(text, [key.organization, key.id, state, at])).rows[0]!;
}

/** Puts the same key under another master key, unless somebody else did or it was destroyed meanwhile. */
export async function rewrapKey(
  tx: Tx,
  key: KeyMaterial,
  to: Pick<KeyMaterial, 'provider' | 'master' | 'wrapped'>,
): Promise<boolean> {
  const text = `update data_key set provider = $4, master = $5, wrapped = $6
    where organization = $1 and id = $2 and wrapped = $3`;
  const values = [key.organization, key.id, key.wrapped, to.provider, to.master, to.wrapped];
  return (await tx.query(text, values)).rowCount === 1;
}

/** Everything of the room that belongs to an organization, when it is purged. */
export async function deleteKeys(tx: Tx, organization: string): Promise<void> {
  await tx.query('delete from key_rotation where organization = $1', [organization]);
  await tx.query('delete from data_key where organization = $1', [organization]);
}

/** Whether nothing of an organization may be made unreadable. */
export async function isUnderHold(tx: Tx, organization: string): Promise<boolean> {
  const { rows } = await tx.query<{ legal_hold: boolean }>(
    'select legal_hold from organization where id = $1',
    [organization],
  );
  return rows[0]?.legal_hold ?? false;
}

/** Whether the compliance policy in force wants the keys of an organization wrapped by a key service. */
export async function wantsKeyService(tx: Tx, organization: string): Promise<boolean> {
  const text = `select exists (select from compliance_policy
    where organization = $1 and superseded_at is null and key_service_required) as wanted`;
  return (await tx.query<{ wanted: boolean }>(text, [organization])).rows[0]!.wanted;
}
