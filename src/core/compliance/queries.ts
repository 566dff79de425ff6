/** Every statement of compliance. */
import type { Tx } from '../db/index.js';
import type { Policy } from './control.js';
import type { PolicySettings } from './settings.js';

export interface PolicyRow {
  organization: string;
  version: number;
  frameworks: string[];
  settings: PolicySettings;
  exceptions: Record<string, string>;
  hash: string;
  reason: string;
  created_at: Date;
  created_by: string;
}

const policyColumns =
  'organization, version, frameworks, settings, exceptions, hash, reason, created_at, created_by';

/** What is in force; undefined where nothing ever was. */
export async function findPolicy(tx: Tx, organization: string): Promise<PolicyRow | undefined> {
  const text = `select ${policyColumns} from compliance_policy where organization = $1 and superseded_at is null`;
  return (
    await tx.query<PolicyRow & Record<string, unknown>>(text, [organization], 'dartwing_compliance_policy')
  ).rows[0];
}

/** Every version, oldest first. */
export async function listPolicies(tx: Tx, organization: string): Promise<PolicyRow[]> {
  const text = `select ${policyColumns} from compliance_policy where organization = $1 order by version`;
  return (await tx.query<PolicyRow & Record<string, unknown>>(text, [organization])).rows;
}

/** Puts the next version in force. The organization is locked, so nobody else writes one. */
export async function writePolicy(
  tx: Tx,
  organization: string,
  policy: Policy & { hash: string; reason: string; at: Date; by: string },
): Promise<void> {
  await tx.query(
    'update compliance_policy set superseded_at = $2 where organization = $1 and superseded_at is null',
    [organization, policy.at],
  );
  await tx.query(
    `insert into compliance_policy (${policyColumns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      organization,
      policy.version,
      policy.frameworks,
      JSON.stringify(policy.settings),
      JSON.stringify(policy.exceptions),
      policy.hash,
      policy.reason,
      policy.at,
      policy.by,
    ],
  );
}

/** Organizations with a framework in force, in pages by id. */
export async function pageGoverned(tx: Tx, after: string, limit: number): Promise<string[]> {
  const text = `select p.organization as id from compliance_policy p join organization o on o.id = p.organization
    where p.superseded_at is null and cardinality(p.frameworks) > 0 and o.status <> 'dissolved' and p.organization > $1
    order by 1 limit $2`;
  return (await tx.query<{ id: string }>(text, [after, limit])).rows.map(({ id }) => id);
}

/** Somebody of the organization with whom enforcement can be tried. */
export async function findMember(
  tx: Tx,
  organization: string,
): Promise<{ person: string; email: string } | undefined> {
  const text = `select m.person, p.primary_email as email from org_member m join person p on p.id = m.person
    where m.organization = $1 and m.status = 'active' order by m.person limit 1`;
  return (await tx.query<{ person: string; email: string }>(text, [organization])).rows[0];
}

/** Active members without a confirmed second factor of our own. */
export async function countWithoutFactor(tx: Tx, organization: string): Promise<number> {
  const text = `select count(*)::int as count from org_member m
    where m.organization = $1 and m.status = 'active'
      and not exists (select from lite_totp t where t.person = m.person and t.confirmed_at is not null)`;
  return (await tx.query<{ count: number }>(text, [organization])).rows[0]!.count;
}

/** Lets a session look as if nobody had used it for so long. */
export async function ageSession(tx: Tx, key: Buffer, seconds: number): Promise<void> {
  await tx.query(
    'update identity_session set last_seen_at = now() - make_interval(secs => $2) where id_hash = $1',
    [key, seconds],
  );
}

/** Four failures, the last of them five minutes ago. */
export async function plantFailures(tx: Tx, hash: Buffer): Promise<void> {
  await tx.query(
    `insert into sign_in_failure (subject_hash, failures, last_failure_at) values ($1, 4, now() - interval '5 minutes')
     on conflict (subject_hash) do update set failures = 4, last_failure_at = excluded.last_failure_at, wait_until = null`,
    [hash],
  );
}

/** Minutes for which somebody who failed has to wait. */
export async function readWait(tx: Tx, hash: Buffer): Promise<number> {
  const text = `select coalesce(extract(epoch from wait_until - now()) / 60, 0)::float8 as minutes
    from sign_in_failure where subject_hash = $1`;
  return (await tx.query<{ minutes: number }>(text, [hash])).rows[0]?.minutes ?? 0;
}

/** Rights to change the trail that anybody but its owner has, and guards of it that are off. */
export async function findTrailFaults(tx: Tx): Promise<string[]> {
  const trail = `select c.oid, c.relname, c.relowner, c.relacl from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and c.relname ~ '^audit_event'`;
  const text = `with trail as (${trail})
    select format('%s may %s %s', pg_get_userbyid(a.grantee), lower(a.privilege_type), t.relname) as fault
    from trail t cross join lateral aclexplode(t.relacl) a
    where a.grantee <> t.relowner and a.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
    union all
    select format('the guard of %s is off', t.relname) from trail t
    where not exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgenabled <> 'D')`;
  return (await tx.query<{ fault: string }>(text)).rows.map(({ fault }) => fault);
}

/** Rules by which documents go before so many days. */
export async function findShortRules(
  tx: Tx,
  organization: string,
  days: number,
): Promise<{ doctype: string; keep_days: number }[]> {
  const text = `select doctype, keep_days from retention_rule where organization = $1 and keep_days < $2 order by doctype`;
  return (await tx.query<{ doctype: string; keep_days: number }>(text, [organization, days])).rows;
}

/** Time of the first entry from before a time that no segment of the archive holds. */
export async function findUnsealedSince(
  tx: Tx,
  organization: string,
  before: Date,
): Promise<Date | undefined> {
  const text = `select e.at from audit_event e where e.organization = $1
      and e.seq > coalesce((select max(s.last_seq) from audit_segment s
        where s.organization = $1 and s.sealed_at is not null), 0)
    order by e.seq limit 1`;
  const [row] = (await tx.query<{ at: Date }>(text, [organization])).rows;
  return row !== undefined && row.at < before ? row.at : undefined;
}

/** Data keys of an organization that no key service wraps. */
export async function countLocalKeys(tx: Tx, organization: string): Promise<number> {
  const text = `select count(*)::int as count from data_key
    where organization = $1 and provider = 'local' and state <> 'destroyed'`;
  return (await tx.query<{ count: number }>(text, [organization])).rows[0]!.count;
}

/** How this connection reaches the database. */
export async function readOwnWire(
  tx: Tx,
): Promise<{ version: string | null; address: string | null; local: boolean }> {
  const text = `select s.version, a.client_addr::text as address,
      a.client_addr is null or a.client_addr <<= inet '127.0.0.0/8' or a.client_addr = inet '::1' as local
    from pg_stat_activity a left join pg_stat_ssl s on s.pid = a.pid where a.pid = pg_backend_pid()`;
  return (await tx.query<{ version: string | null; address: string | null; local: boolean }>(text)).rows[0]!;
}

export interface AgreementRow {
  id: string;
  counterparty: string;
  signed_on: string;
  expires_on: string;
  file_name: string;
  file_sha256: string;
  file_bytes: number;
  created_at: Date;
  created_by: string;
}

const agreementColumns = `id, counterparty, signed_on::text, expires_on::text, file_name, file_sha256, file_bytes, created_at,
  created_by`;

export async function insertAgreement(
  tx: Tx,
  organization: string,
  row: AgreementRow,
): Promise<AgreementRow> {
  const text = `insert into business_associate_agreement (organization, id, counterparty, signed_on, expires_on, file_name,
      file_sha256, file_bytes, created_at, created_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ${agreementColumns}`;
  const values = [organization, row.id, row.counterparty, row.signed_on, row.expires_on, row.file_name];
  const rest = [row.file_sha256, row.file_bytes, row.created_at, row.created_by];
  return (await tx.query<AgreementRow & Record<string, unknown>>(text, [...values, ...rest])).rows[0]!;
}

export async function nextAgreement(tx: Tx): Promise<string> {
  const text = "select nextval('business_associate_agreement_series')::text as number";
  return (await tx.query<{ number: string }>(text)).rows[0]!.number;
}

/** The one that lasts longest first. */
export async function listAgreements(tx: Tx, organization: string): Promise<AgreementRow[]> {
  const text = `select ${agreementColumns} from business_associate_agreement where organization = $1
    order by expires_on desc, id desc`;
  return (await tx.query<AgreementRow & Record<string, unknown>>(text, [organization])).rows;
}

/** Those that end before a day, of which nobody was told and which no later one with the same counterparty renews. */
export async function listUntold(
  tx: Tx,
  before: string,
  limit: number,
): Promise<{ organization: string; id: string }[]> {
  const text = `select b.organization, b.id from business_associate_agreement b
    join organization o on o.id = b.organization and o.status <> 'dissolved'
    where b.told_at is null and b.expires_on < $1::date
      and exists (select from org_member m join role_template r on r.role_name = m.role
        where m.organization = b.organization and m.status = 'active' and r.is_supervisor)
      and not exists (select from business_associate_agreement later where later.organization = b.organization
        and later.counterparty = b.counterparty and later.expires_on > b.expires_on)
    order by b.expires_on, b.organization, b.id limit $2`;
  return (await tx.query<{ organization: string; id: string }>(text, [before, limit])).rows;
}

/** Undefined when somebody was told already; whoever comes second waits for the first. */
export async function markTold(
  tx: Tx,
  organization: string,
  id: string,
  at: Date,
): Promise<AgreementRow | undefined> {
  const text = `update business_associate_agreement set told_at = $3
    where organization = $1 and id = $2 and told_at is null returning ${agreementColumns}`;
  return (await tx.query<AgreementRow & Record<string, unknown>>(text, [organization, id, at])).rows[0];
}

export interface EvidenceRow {
  id: string;
  control: string;
  checked_at: Date;
  result: 'pass' | 'warn' | 'fail';
  evidence: string;
  policy_version: number;
}

export async function insertEvidence(
  tx: Tx,
  organization: string,
  rows: readonly EvidenceRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into compliance_evidence (organization, id, control, checked_at, result, evidence, policy_version)
     select $1, e.id, e.control, e.checked_at, e.result, e.evidence, e.policy_version
     from jsonb_to_recordset($2::jsonb) as e (id uuid, control text, checked_at timestamptz, result text, evidence text,
       policy_version integer)`,
    [organization, JSON.stringify(rows)],
  );
}

/** The newest of each control. */
export async function latestEvidence(tx: Tx, organization: string): Promise<EvidenceRow[]> {
  const text = `select distinct on (control) id, control, checked_at, result, evidence, policy_version
    from compliance_evidence where organization = $1 order by control, checked_at desc, id desc`;
  return (await tx.query<EvidenceRow & Record<string, unknown>>(text, [organization])).rows;
}

export async function listEvidence(
  tx: Tx,
  organization: string,
  since: Date,
  limit: number,
): Promise<EvidenceRow[]> {
  const text = `select id, control, checked_at, result, evidence, policy_version from compliance_evidence
    where organization = $1 and checked_at >= $2 order by checked_at desc, control limit $3`;
  return (await tx.query<EvidenceRow & Record<string, unknown>>(text, [organization, since, limit])).rows;
}

/** Everything goes with its organization. */
export async function deleteAll(tx: Tx, organization: string): Promise<void> {
  for (const table of [
    'compliance_disabling',
    'compliance_evidence',
    'business_associate_agreement',
    'compliance_policy',
  ])
    await tx.query(`delete from ${table} where organization = $1`, [organization]);
}

/** What the database holds of the document named `rehearsal`: the row and its version, as text. */
export async function readRehearsal(tx: Tx, organization: string, doctype: string): Promise<string[]> {
  const text = ['document', 'document_change']
    .map(
      (table) => `select data::text as data from ${table}
      where organization = $1 and doctype = $2 and name = 'rehearsal'`,
    )
    .join(' union all ');
  return (await tx.query<{ data: string }>(text, [organization, doctype])).rows.map(({ data }) => data);
}

/** A document named `rehearsal`, for as long as the rehearsal takes. */
export async function plantDocument(
  tx: Tx,
  organization: string,
  doctype: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  await tx.query(
    `insert into document (organization, doctype, name, version, data, created_at, created_by, modified_at, modified_by)
     values ($1, $2, 'rehearsal', 1, $3, now(), 'compliance', now(), 'compliance')`,
    [organization, doctype, JSON.stringify(data)],
  );
}
