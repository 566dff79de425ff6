/** Every statement of privacy. */
import { quoteIdentifier, type Tx } from '../db/index.js';

export interface SubjectRow {
  id: string;
  email: string;
  first_name: string;
  last_name: string;
  mobile_no: string | null;
  external_id: string | null;
  account: string | null;
  status: string;
}

/** By id or address. */
export async function findSubject(tx: Tx, ref: string, lock: boolean): Promise<SubjectRow | undefined> {
  const text = `select id, primary_email as email, first_name, last_name, mobile_no, keycloak_user_id as external_id,
      frappe_user as account, status
    from person where id = $1 or primary_email = lower($1)${lock ? ' for update' : ''}`;
  return (await tx.query<SubjectRow & Record<string, unknown>>(text, [ref])).rows[0];
}

/** A column in which rows of a table name a person. */
export interface NamingColumn {
  table: string;
  columns: string[];
}

/**
 * Tables that name a person by a foreign key, or by a column called so, with those columns. Who wrote a row is not what it
 * is about.
 */
export async function listNamingColumns(tx: Tx): Promise<NamingColumn[]> {
  const text = `select c.relname as table, array_agg(distinct a.attname::text order by a.attname::text) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not in ('person', 'document', 'document_change', 'person_merge_log', 'erasure')
      and c.relname !~ '^(audit_|realtime_|lite_|job)'
      and (a.attname = 'person' or exists (select from pg_constraint f
        where f.conrelid = c.oid and f.contype = 'f' and f.confrelid = 'person'::regclass and a.attnum = any (f.conkey)))
      and a.attname !~ '(^|_)by$'
      and has_table_privilege(c.oid, 'select')
    group by c.relname order by c.relname`;
  return (await tx.query<NamingColumn & Record<string, unknown>>(text)).rows;
}

/** Rows of a table that name a person; secrets and hashes, which are bytes, are left out. */
export async function readNaming(
  tx: Tx,
  { table, columns }: NamingColumn,
  person: string,
  limit: number,
): Promise<Record<string, unknown>[]> {
  const where = columns.map((column) => `t.${quoteIdentifier(column)} = $1`).join(' or ');
  const text = `select (select jsonb_object_agg(key, value) from jsonb_each(to_jsonb(t)) where value #>> '{}' is null
      or value #>> '{}' !~ '^\\\\x') as row
    from ${quoteIdentifier(table)} t where ${where} limit $2`;
  return (await tx.query<{ row: Record<string, unknown> }>(text, [person, limit])).rows.map(({ row }) => row);
}

export async function readPersonRow(tx: Tx, person: string): Promise<Record<string, unknown>> {
  const text = 'select to_jsonb(p) as row from person p where id = $1';
  return (await tx.query<{ row: Record<string, unknown> }>(text, [person])).rows[0]!.row;
}

/** A doctype and one of its fields that says whom documents are about. */
export interface SubjectPath {
  doctype: string;
  field: string;
}

export interface SubjectDocument {
  organization: string;
  doctype: string;
  name: string;
  version: number;
  deleted: boolean;
  data: Record<string, unknown>;
}

const aboutPerson = `from document d join unnest($2::text[], $3::text[]) as s (doctype, field)
    on d.doctype = s.doctype and d.data ->> s.field = $1`;

/** Documents about a person in every organization, tombstones included, in pages. */
export async function pageSubjectDocuments(
  tx: Tx,
  person: string,
  paths: readonly SubjectPath[],
  after: readonly [organization: string, doctype: string, name: string],
  limit: number,
): Promise<SubjectDocument[]> {
  const text = `select distinct d.organization, d.doctype, d.name, d.version, d.deleted, d.data ${aboutPerson}
    where (d.organization, d.doctype, d.name) > ($4, $5, $6) order by 1, 2, 3 limit $7`;
  const values = [person, paths.map(({ doctype }) => doctype), paths.map(({ field }) => field), ...after];
  return (await tx.query<SubjectDocument & Record<string, unknown>>(text, [...values, limit])).rows;
}

/** What the trails say that a person did, newest first. */
export async function readDeeds(tx: Tx, person: string, limit: number): Promise<Record<string, unknown>[]> {
  const text = `select organization, seq, action, at from audit_event
    where actor_type = 'person' and actor_id = $1 order by at desc limit $2`;
  return (await tx.query(text, [person, limit])).rows;
}

/** Jobs that a person submitted. */
export async function readJobs(tx: Tx, person: string, limit: number): Promise<Record<string, unknown>[]> {
  const columns = 'organization, number, queue, type, state, input, output, created_at, ended_at';
  const text = `select ${columns} from job where owner = $1 union all select ${columns} from job_dead_letter where owner = $1
    union all select ${columns} from job_history where owner = $1 limit $2`;
  return (await tx.query(text, [person, limit])).rows;
}

/** Organizations of a person, of any state of membership, that are under legal hold. */
export async function findHolds(tx: Tx, person: string): Promise<string[]> {
  const text = `select o.slug from organization o where o.legal_hold
    and (exists (select from org_member m where m.organization = o.id and m.person = $1)
      or exists (select from document d where d.organization = o.id and d.owner = $1)) order by 1`;
  return (await tx.query<{ slug: string }>(text, [person])).rows.map(({ slug }) => slug);
}

export async function listMemberships(
  tx: Tx,
  person: string,
): Promise<{ organization: string; slug: string; id: string; status: string }[]> {
  const text = `select m.organization, o.slug, m.id, m.status from org_member m join organization o on o.id = m.organization
    where m.person = $1 order by 1`;
  return (await tx.query<{ organization: string; slug: string; id: string; status: string }>(text, [person]))
    .rows;
}

/** Jobs that have not ended and name one of some texts. */
export async function countLiveJobs(tx: Tx, person: string, texts: readonly string[]): Promise<number> {
  const text = `select count(*)::int as count from job where owner = $1
    or exists (select from unnest($2::text[]) as t (t) where strpos(input::text, t) > 0)`;
  return (await tx.query<{ count: number }>(text, [person, texts])).rows[0]!.count;
}

/** Forgets what ended jobs were given and gave, where they name one of some texts. Returns how many. */
export async function scrubJobs(tx: Tx, person: string, texts: readonly string[]): Promise<number> {
  let count = 0;
  for (const table of ['job_dead_letter', 'job_history']) {
    const text = `update ${table} set input = '{}', output = null, error = null, log = null
      where owner = $1 or exists (select from unnest($2::text[]) as t (t)
        where strpos(concat(input, output, error, log), t) > 0)`;
    count += (await tx.query(text, [person, texts])).rowCount;
  }
  return count;
}

/** Empties documents about a person and every version of them; what clients hold is told to go by their tombstones. */
export async function scrubDocuments(
  tx: Tx,
  organization: string,
  rows: readonly { doctype: string; name: string }[],
): Promise<void> {
  if (rows.length === 0) return;
  const values = [organization, rows.map(({ doctype }) => doctype), rows.map(({ name }) => name)];
  const wanted = 'unnest($2::text[], $3::text[]) as w (doctype, name)';
  const same = 't.organization = $1 and t.doctype = w.doctype and t.name = w.name';
  await tx.query(`update document t set data = '{}', owner = null from ${wanted} where ${same}`, values);
  await tx.query(
    `update document_change t set data = '{}', owner = null from ${wanted} where ${same} and not t.deleted`,
    values,
  );
  await tx.query(
    `update document_change t set owner = null from ${wanted} where ${same} and t.deleted and t.owner is not null`,
    values,
  );
  await tx.query(`delete from sync_conflict t using ${wanted} where ${same}`, values);
}

/** What organizations knew of a person as a member, but for the present pseudonym. */
export async function scrubMirrors(tx: Tx, person: string): Promise<void> {
  // The documents of members follow at the end of a transaction; here they have to be there.
  await tx.query('set constraints all immediate');
  await tx.query(
    `update document_change c set data = '{}' from org_member m, document d
     where m.person = $1 and c.organization = m.organization and not c.deleted
       and ((c.doctype = 'Person' and c.name = $1) or (c.doctype = 'Org Member' and c.name = m.id))
       and d.organization = c.organization and d.doctype = c.doctype and d.name = c.name
       and (d.deleted or c.version < d.version)`,
    [person],
  );
  await tx.query(`update document set data = '{}' where doctype = 'Person' and name = $1 and deleted`, [
    person,
  ]);
}

/** Everything with which a person could sign in, and every trace of having done so. Returns how many rows went. */
export async function dropSignIn(tx: Tx, person: string): Promise<number> {
  let count = 0;
  for (const table of [
    'lite_password',
    'lite_recovery_code',
    'lite_refresh_token',
    'lite_totp',
    'lite_password_reset',
    'identity_session',
    'identity_link',
  ])
    count += (await tx.query(`delete from ${table} where person = $1`, [person])).rowCount;
  return count;
}

/** Invitations to an address, and mail to it, whether sent or not. */
export async function dropLetters(tx: Tx, person: string, email: string): Promise<number> {
  const invitations = await tx.query('delete from invitation where email = $2 or invited_person = $1', [
    person,
    email,
  ]);
  const mails = await tx.query('delete from outgoing_mail where lower(recipient) = $1', [email]);
  return invitations.rowCount + mails.rowCount;
}

/** What devices were answered, and news on their way, that name one of some texts. */
export async function dropNews(tx: Tx, texts: readonly string[]): Promise<number> {
  let count = 0;
  for (const [table, column] of [
    ['sync_operation', 'result'],
    ['realtime_outbox', 'event'],
  ])
    count += (
      await tx.query(
        `delete from ${table} where exists (select from unnest($1::text[]) as t (t) where strpos(${column}::text, t) > 0)`,
        [texts],
      )
    ).rowCount;
  return count;
}

export async function dropConsents(tx: Tx, person: string): Promise<void> {
  await tx.query('delete from consent_event where person = $1', [person]);
}

export async function dropDevices(tx: Tx, person: string): Promise<void> {
  await tx.query('delete from sync_device where principal = $1', [person]);
}

/** The person's own row and account, with a pseudonym; memberships and grants follow. */
export async function pseudonymize(tx: Tx, person: string, email: string, at: Date): Promise<void> {
  await tx.query(
    `update person set primary_email = $2, first_name = 'Erased', last_name = 'Person', mobile_no = null, keycloak_user_id = null,
       status = case status when 'merged' then status else 'inactive' end, sync_error_message = null, next_sync_at = null,
       user_sync_status = null, email_verified_at = null, email_proof_due = false, version = version + 1, modified_at = $3,
       modified_by = 'erasure' where id = $1`,
    [person, email, at],
  );
  await tx.query('update user_account set name = $2, enabled = false where person = $1', [person, email]);
  await tx.query('update permission_event set user_name = $2 where person = $1', [person, email]);
  await tx.query(`update org_member set member_name = 'Erased Person', person_email = $2 where person = $1`, [
    person,
    email,
  ]);
}

export async function findErasure(tx: Tx, person: string): Promise<Date | undefined> {
  const text = 'select erased_at from erasure where person = $1';
  return (await tx.query<{ erased_at: Date }>(text, [person])).rows[0]?.erased_at;
}

export async function insertErasure(
  tx: Tx,
  row: { person: string; at: Date; by: string; counts: Readonly<Record<string, number>> },
): Promise<void> {
  const text = `insert into erasure (person, erased_at, erased_by, counts, person_created_at)
    select id, $2, $3, $4, created_at from person where id = $1`;
  await tx.query(text, [row.person, row.at, row.by, JSON.stringify(row.counts)]);
}

export interface ConsentRow {
  id: string;
  person: string;
  category: string;
  granted: boolean;
  terms: string | null;
  at: Date;
  by: string;
  via: string;
}

export async function insertConsent(tx: Tx, organization: string, row: ConsentRow): Promise<void> {
  await tx.query(
    `insert into consent_event (organization, id, person, category, granted, terms, at, by, via)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [organization, row.id, row.person, row.category, row.granted, row.terms, row.at, row.by, row.via],
  );
}

/** Newest first. */
export async function listConsentRows(tx: Tx, organization: string, person: string): Promise<ConsentRow[]> {
  const text = `select id, person, category, granted, terms, at, by, via from consent_event
    where organization = $1 and person = $2 order by at desc, id desc`;
  return (await tx.query<ConsentRow & Record<string, unknown>>(text, [organization, person])).rows;
}

/** Consents go with their organization. */
export async function deleteConsents(tx: Tx, organization: string): Promise<void> {
  await tx.query('delete from consent_event where organization = $1', [organization]);
}
