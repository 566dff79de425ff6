/** Statements of residency. */
import type { Tx } from '../db/index.js';

export interface HomeRow {
  id: string;
  slug: string;
  region: string;
  /** A framework in force wants every exit in this region. */
  pinned: boolean;
  /** A framework in force wants no data of it in models of others. */
  local_models: boolean;
}

/** Where an organization is at home. */
export async function findHome(tx: Tx, organization: string): Promise<HomeRow | undefined> {
  const text = `select o.id, o.slug, o.region,
      coalesce((p.settings ->> 'region_pinned')::boolean and not p.exceptions ? 'residency', false) as pinned,
      coalesce((p.settings ->> 'ai_local_only')::boolean and not p.exceptions ? 'ai.local', false) as local_models
    from organization o left join compliance_policy p on p.organization = o.id and p.superseded_at is null
    where o.id = $1`;
  const found = await tx.query<HomeRow & Record<string, unknown>>(
    text,
    [organization],
    'dartwing_residency_home',
  );
  return found.rows[0];
}

/** Whether some of these organizations may not use an exit: it is elsewhere, or unknown and they are pinned. */
export async function holdsForeign(
  tx: Tx,
  organizations: readonly string[],
  target: string | undefined,
): Promise<boolean> {
  const text = `select exists (select from organization o
    left join compliance_policy p on p.organization = o.id and p.superseded_at is null
    where o.id = any ($1) and case when $2::text is null
      then (p.settings ->> 'region_pinned')::boolean and not p.exceptions ? 'residency' else o.region <> $2 end) as foreign`;
  const values = [organizations, target ?? null];
  return (await tx.query<{ foreign: boolean }>(text, values, 'dartwing_residency_foreign')).rows[0]!.foreign;
}
