/** Statements about job types. */
import type { Tx } from '../db/index.js';
import type { StoredType } from './definition.js';

export async function listTypes(tx: Tx): Promise<StoredType[]> {
  const text = 'select definition, is_enabled from job_type order by name limit 1000';
  const { rows } = await tx.query<{ definition: StoredType; is_enabled: boolean }>(text);
  return rows.map(({ definition, is_enabled }) => ({
    ...definition,
    is_enabled: definition.is_enabled && is_enabled,
  }));
}

/** Returns what it was before; undefined when nobody registered the type. */
export async function setTypeEnabled(tx: Tx, name: string, isEnabled: boolean): Promise<boolean | undefined> {
  const text = `update job_type t set is_enabled = $2 from job_type before where t.name = $1 and before.name = t.name
    returning before.is_enabled as before`;
  return (await tx.query<{ before: boolean }>(text, [name, isEnabled])).rows[0]?.before;
}
