/** Statements of residency. */
import type { Tx } from '../db/index.js';

export interface HomeRow {
  id: string;
  slug: string;
  region: string;
  /** A framework in force wants every exit in this region. */
  pinned: boolean;
}

/** Where an organization is at home. */
export async function findHome(tx: Tx, organization: string): Promise<HomeRow | undefined> {
  const text = `select o.id, o.slug, o.region, coalesce((select (p.settings ->> 'region_pinned')::boolean
      and not p.exceptions ? 'residency' from compliance_policy p
      where p.organization = o.id and p.superseded_at is null), false) as pinned
    from organization o where o.id = $1`;
  return (await tx.query<HomeRow & Record<string, unknown>>(text, [organization])).rows[0];
}
