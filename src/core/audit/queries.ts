/** Every SQL statement of this room. */
import type { Queryable } from './ports.js';

/** A staged entry: its exact bytes, its MAC and the number of the key that made it. */
export interface StagedEntry {
  readonly organization: string;
  readonly body: Buffer;
  readonly mac: Buffer;
  readonly keyId: number;
}

/** Stages one entry. */
export async function insertStagedEntry(
  tx: Queryable,
  { organization, body, mac, keyId }: StagedEntry,
): Promise<void> {
  await tx.query(
    'insert into audit_stage (organization, body, mac, key_id) values ($1, $2, $3, $4)',
    [organization, body, mac, keyId],
    'dartwing_audit_stage',
  );
}

/** Stages several entries; their ids follow the order of the list. */
export async function insertStagedEntries(tx: Queryable, entries: readonly StagedEntry[]): Promise<void> {
  await tx.query(
    `insert into audit_stage (organization, body, mac, key_id)
     select organization, body, mac, key_id
     from unnest($1::text[], $2::bytea[], $3::bytea[], $4::integer[])
       with ordinality as entry (organization, body, mac, key_id, place)
     order by place`,
    [
      entries.map((entry) => entry.organization),
      entries.map((entry) => entry.body),
      entries.map((entry) => entry.mac),
      entries.map((entry) => entry.keyId),
    ],
    'dartwing_audit_stage_many',
  );
}
