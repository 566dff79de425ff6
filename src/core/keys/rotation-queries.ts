/** Statements on rotations. */
import type { Tx } from '../db/index.js';
import { type KeyMaterial, type KeyRow, listKeyRows } from './queries.js';

/** Where a rotation stands: which key's values of which column come next, and behind which row. */
export interface Position {
  key: string;
  table: string;
  column: string;
  after: string[];
}

/** A value that could not be sealed anew. */
export interface ResealFailure {
  table: string;
  column: string;
  row: string[];
  code: string;
}

/** What is left of an old key in one column. */
export interface ProofLine {
  key: string;
  table: string;
  column: string;
  count: number;
}

export interface RotationRow {
  organization: string;
  id: string;
  purpose: string;
  to_key: string;
  state: 'resealing' | 'done' | 'incomplete';
  total: number;
  done: number;
  failed: number;
  failures: ResealFailure[];
  pass: number;
  position: Position | null;
  started_at: Date;
  heartbeat_at: Date;
  proof: ProofLine[] | null;
}

const columns = `organization, id, purpose, to_key, state, total::int as total, done::int as done, failed::int as failed,
  failures, pass, position, started_at, heartbeat_at, proof`;

/** What may be rotated. */
export interface KeyPurpose {
  organization: string;
  purpose: string;
}

/** Organizations and purposes with an active key, oldest key first; made before `before`, where that is given. */
export async function listPurposes(
  tx: Tx,
  { organization, purpose, before }: { organization?: string; purpose?: string; before?: Date },
): Promise<KeyPurpose[]> {
  const text = `select organization, purpose from data_key
    where state = 'active' and ($1::text is null or organization = $1) and ($2::text is null or purpose = $2)
      and ($3::timestamptz is null or created_at <= $3)
    order by created_at, organization, purpose`;
  return (await tx.query<KeyPurpose>(text, [organization, purpose, before])).rows;
}

/** Keys that were replaced and may still seal something. */
export async function listOldKeys(tx: Tx, { organization, purpose }: KeyPurpose): Promise<KeyRow[]> {
  const keys = await listKeyRows(tx, { organization, purpose });
  return keys.filter(({ state }) => state === 'decrypt_only');
}

/** The rotation of a purpose that is under way, locked: who moves it is alone. */
export async function lockOpenRotation(
  tx: Tx,
  { organization, purpose }: KeyPurpose,
): Promise<RotationRow | undefined> {
  const text = `select ${columns} from key_rotation
    where organization = $1 and purpose = $2 and state = 'resealing' for update`;
  return (await tx.query<RotationRow>(text, [organization, purpose])).rows[0];
}

/** One rotation, locked. */
export async function lockRotation(
  tx: Tx,
  { organization, id }: Pick<RotationRow, 'organization' | 'id'>,
): Promise<RotationRow | undefined> {
  const text = `select ${columns} from key_rotation where organization = $1 and id = $2 for update`;
  return (await tx.query<RotationRow>(text, [organization, id])).rows[0];
}

/** Rotations under way, of one organization or all. */
export async function listOpenRotations(tx: Tx, organization?: string): Promise<RotationRow[]> {
  const text = `select ${columns} from key_rotation
    where state = 'resealing' and ($1::text is null or organization = $1) order by started_at`;
  return (await tx.query<RotationRow>(text, [organization])).rows;
}

export async function insertRotation(
  tx: Tx,
  id: string,
  { organization, purpose, id: toKey }: Pick<KeyMaterial, 'organization' | 'purpose' | 'id'>,
  { total, startedBy, at }: { total: number; startedBy: string; at: Date },
): Promise<RotationRow> {
  const text = `insert into key_rotation (organization, id, purpose, to_key, state, total, started_by, started_at, heartbeat_at)
    values ($1, $2, $3, $4, 'resealing', $5, $6, $7, $7) returning ${columns}`;
  const values = [organization, id, purpose, toKey, total, startedBy, at];
  return (await tx.query<RotationRow>(text, values)).rows[0]!;
}

/** Moves a rotation on, in the transaction of the values that it moved over. */
export async function moveRotation(tx: Tx, rotation: RotationRow, at: Date): Promise<RotationRow> {
  const { organization, id, state, done, failed, failures, pass, position, proof } = rotation;
  const text = `update key_rotation set state = $3, done = $4, failed = $5, failures = $6, pass = $7, position = $8, proof = $9,
      heartbeat_at = $10, finished_at = case when $3 <> 'resealing' then $10::timestamptz end
    where organization = $1 and id = $2 returning ${columns}`;
  const asJson = (value: unknown) => (value === null ? null : JSON.stringify(value));
  const values = [
    organization,
    id,
    state,
    done,
    failed,
    asJson(failures),
    pass,
    asJson(position),
    asJson(proof),
    at,
  ];
  return (await tx.query<RotationRow>(text, values)).rows[0]!;
}
