/** Statements of a merge. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import type { MemberRow } from './member-document.js';

export interface MergedMember extends MemberRow {
  is_supervisor: boolean;
}

/** The memberships of two persons, locked. */
export async function lockMemberships(tx: Tx, persons: readonly string[]): Promise<MergedMember[]> {
  const text = `select m.organization, m.id, m.person, m.role, m.status, m.start_date, m.end_date, m.member_name,
      m.person_email, r.is_supervisor
    from org_member m join role_template r on r.role_name = m.role
    where m.person = any ($1) order by m.organization, m.id for update of m`;
  return (await tx.query<MergedMember>(text, [persons])).rows;
}

/** Gives a membership to another person. */
export async function giveMembership(tx: Tx, member: MemberRow, person: string, at: Date): Promise<void> {
  const text = 'update org_member set person = $3, modified_at = $4 where organization = $1 and id = $2';
  await tx.query(text, [member.organization, member.id, person, at], 'dartwing_member_give');
}

/** Gives the loser's places in concrete records and the minors in their care to the winner. Counts by kind. */
export async function giveReferences(
  tx: Tx,
  loser: string,
  winner: string,
): Promise<{ moved: Record<string, number>; organizations: string[] }> {
  const text = `
    with officer as (update organization_officer set person = $2 where person = $1 returning organization),
    partner as (update organization_member_partner set person = $2 where person = $1 returning organization),
    agent as (update company set registered_agent = $2 where registered_agent = $1 returning organization),
    ward as (update person set consent_guardian = $2 where consent_guardian = $1 returning id)
    select (select count(*)::int from officer) as officers, (select count(*)::int from partner) as partners,
      (select count(*)::int from agent) as registered_agents, (select count(*)::int from ward) as wards,
      array(select organization from officer union select organization from partner union select organization from agent
        order by 1) as organizations`;
  type Row = Record<'officers' | 'partners' | 'registered_agents' | 'wards', number> & {
    organizations: string[];
  };
  const { organizations, ...moved } = (await tx.query<Row>(text, [loser, winner])).rows[0]!;
  return { moved, organizations };
}

export async function insertMergeLog(
  tx: Tx,
  log: { winner: string; loser: string; at: Date; by: string; notes: string | null },
): Promise<void> {
  const text = `insert into person_merge_log (target_person, row_index, source_person, merged_at, merged_by, notes)
    select $1, coalesce(max(row_index), 0) + 1, $2, $3, $4, $5 from person_merge_log where target_person = $1`;
  await tx.query(text, [log.winner, log.loser, log.at, log.by, log.notes]);
}

/** Makes a loser what they are from now on: merged, not signing in, not tried again. */
export async function retirePerson(tx: Tx, person: string, at: Date, by: string): Promise<void> {
  const text = `update person set status = 'merged', keycloak_user_id = null, next_sync_at = null,
      user_sync_status = nullif(user_sync_status, 'pending'), version = version + 1, modified_at = $2, modified_by = $3
    where id = $1`;
  await tx.query(text, [person, at, by]);
}

/** The person whom a merged one has become at last. */
export async function followMerges(tx: Tx, person: string): Promise<string | undefined> {
  const text = `with recursive path (person, step) as (
      select target_person, 1 from person_merge_log where source_person = $1
      union all
      select l.target_person, p.step + 1 from path p join person_merge_log l on l.source_person = p.person
      where p.step < ${limits.mergeDepthMax}
    )
    select person from path order by step desc limit 1`;
  return (await tx.query<{ person: string }>(text, [person])).rows[0]?.person;
}
