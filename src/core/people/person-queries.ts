/** Statements on persons. Columns that are put together come from the lists here, never from input. */
import { quoteIdentifier, type Tx } from '../db/index.js';
import type { MergeLog, PersonRow } from './person-document.js';
import type { ParsedPerson } from './person-input.js';

const columns = `id, primary_email, keycloak_user_id, frappe_user, first_name, last_name, mobile_no, personal_org, email_verified_at,
  email_proof_due, is_minor,
  consent_captured, consent_timestamp, consent_guardian, source, status, user_sync_status, sync_error_message, last_sync_at,
  sync_attempts, next_sync_at, version, created_at, modified_at`;

/** By id or e-mail address. */
export async function findPerson(tx: Tx, ref: string): Promise<PersonRow | undefined> {
  const text = `select ${columns} from person where id = $1 or primary_email = $2`;
  return (await tx.query<PersonRow>(text, [ref, ref.toLowerCase()], 'dartwing_person_find')).rows[0];
}

/**
 * By id or e-mail address, locked until the end of the transaction: whoever merges, links or enrols this person
 * meanwhile waits, and sees then what was done.
 */
export async function lockPerson(tx: Tx, ref: string): Promise<PersonRow | undefined> {
  const text = `select ${columns} from person where id = $1 or primary_email = $2 for update`;
  return (await tx.query<PersonRow>(text, [ref, ref.toLowerCase()], 'dartwing_person_lock')).rows[0];
}

/** By the id at the identity provider, whatever its case; locked. */
export async function lockPersonBySubject(tx: Tx, subject: string): Promise<PersonRow | undefined> {
  const text = `select ${columns} from person where lower(keycloak_user_id) = lower($1) for update`;
  return (await tx.query<PersonRow>(text, [subject], 'dartwing_person_by_subject')).rows[0];
}

export async function nextPersonNumber(tx: Tx): Promise<string> {
  const text = `select nextval('person_series')::text as number`;
  return (await tx.query<{ number: string }>(text, [], 'dartwing_person_number')).rows[0]!.number;
}

/** The next number where nobody has the address; none is taken where somebody has. */
export async function nextPersonNumberFor(tx: Tx, email: string): Promise<string | undefined> {
  const text = `select nextval('person_series')::text as number
    where not exists (select from person where primary_email = $1)`;
  return (await tx.query<{ number: string }>(text, [email], 'dartwing_person_number_for')).rows[0]?.number;
}

export type NewPerson = Omit<ParsedPerson, 'last_name'> & {
  id: string;
  last_name: string;
  at: Date;
  by: string;
};

const insertion = `insert into person (id, primary_email, first_name, last_name, source, mobile_no, keycloak_user_id, is_minor,
    created_at, created_by, modified_at, modified_by)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9, $10)`;

/** Inserts a person. @throws the server's error for an identity that somebody else has */
export async function insertPerson(tx: Tx, person: NewPerson): Promise<PersonRow> {
  const text = `${insertion} returning ${columns}`;
  return (await tx.query<PersonRow>(text, valuesOf(person), 'dartwing_person_insert')).rows[0]!;
}

/** Inserts a person; undefined when another transaction has just made one with one of these identities. */
export async function insertMissingPerson(tx: Tx, person: NewPerson): Promise<PersonRow | undefined> {
  const text = `${insertion} on conflict do nothing returning ${columns}`;
  return (await tx.query<PersonRow>(text, valuesOf(person), 'dartwing_person_insert_missing')).rows[0];
}

function valuesOf(person: NewPerson): unknown[] {
  const { id, primary_email, first_name, last_name, source, at, by } = person;
  const { mobile_no = null, keycloak_user_id = null, is_minor = false } = person;
  return [id, primary_email, first_name, last_name, source, mobile_no, keycloak_user_id, is_minor, at, by];
}

/** Columns that a change of a person may set. */
export type PersonSet = Partial<
  Pick<
    PersonRow,
    | 'primary_email'
    | 'first_name'
    | 'last_name'
    | 'mobile_no'
    | 'keycloak_user_id'
    | 'personal_org'
    | 'status'
    | 'email_verified_at'
    | 'email_proof_due'
    | 'consent_captured'
    | 'consent_timestamp'
    | 'consent_guardian'
  > & { consent_captured_by: string }
>;

/** Sets columns and counts the version up. */
export async function updatePersonRow(
  tx: Tx,
  id: string,
  set: PersonSet,
  at: Date,
  by: string,
): Promise<PersonRow> {
  const names = Object.keys(set);
  const assignments = names.map((name, index) => `${quoteIdentifier(name)} = $${index + 4}, `).join('');
  const text = `update person set ${assignments}version = version + 1, modified_at = $2, modified_by = $3
    where id = $1 returning ${columns}`;
  return (await tx.query<PersonRow>(text, [id, at, by, ...Object.values(set)])).rows[0]!;
}

/** The name and address in all member rows of a person follow the person. */
export async function mirrorPerson(tx: Tx, person: string): Promise<void> {
  const text = `update org_member m set person_email = p.primary_email, member_name = btrim(p.first_name || ' ' || p.last_name)
    from person p where p.id = $1 and m.person = p.id`;
  await tx.query(text, [person], 'dartwing_person_mirror');
}

/** Notes that a person of this address has just proven it. Whether that is new. */
export async function proveAddress(tx: Tx, person: string, email: string, at: Date): Promise<boolean> {
  const text = `update person set email_verified_at = $3, email_proof_due = false
    where id = $1 and primary_email = $2 and email_verified_at is null`;
  return (await tx.query(text, [person, email, at], 'dartwing_person_prove')).rowCount === 1;
}

/** The organization through which a person gets mail: the personal one, else the first. */
export async function findMailbox(tx: Tx, person: string): Promise<string | undefined> {
  const text = `select coalesce(p.personal_org, (select min(organization) from org_member where person = p.id and status = 'active')) as id
    from person p where p.id = $1`;
  type Row = { id: string | null };
  return (await tx.query<Row>(text, [person], 'dartwing_person_mailbox')).rows[0]?.id ?? undefined;
}

/** How many rows of each kind name a person. */
export async function countReferences(tx: Tx, person: string): Promise<Record<string, number>> {
  const text = `select
    (select count(*)::int from org_member where person = $1) as memberships,
    (select count(*)::int from organization_officer where person = $1) as officers,
    (select count(*)::int from organization_member_partner where person = $1) as partners,
    (select count(*)::int from company where registered_agent = $1) as "registered agents",
    (select count(*)::int from person where consent_guardian = $1) as "minors in their care",
    (select count(*)::int from person_merge_log where target_person = $1 or source_person = $1) as merges`;
  return (await tx.query<Record<string, number>>(text, [person])).rows[0]!;
}

export async function deletePersonRow(tx: Tx, person: string): Promise<void> {
  await tx.query('update person set frappe_user = null where id = $1', [person]);
  await tx.query('delete from user_account where person = $1', [person]);
  await tx.query('delete from person where id = $1', [person]);
}

export interface PersonFilter {
  state?: string | undefined;
  source?: string | undefined;
  email?: string | undefined;
  /** Pattern for name, address or phone number. */
  pattern?: string | undefined;
  sort: { column: 'id' | 'primary_email' | 'last_name' | 'created_at' | 'modified_at'; descending: boolean };
  limit: number;
  offset: number;
}

/** A page of persons and how many there are in all. Merged ones appear only where their state is asked for. */
export async function pagePersons(
  tx: Tx,
  filter: PersonFilter,
): Promise<{ rows: PersonRow[]; total: number }> {
  const where = `where case when $1::text is null then status <> 'merged' else status = $1 end
      and ($2::text is null or source = $2) and ($3::text is null or primary_email = $3)
      and ($4::text is null or primary_email ilike $4 or mobile_no ilike $4 or first_name || ' ' || last_name ilike $4)`;
  const { column, descending } = filter.sort;
  const order = `${quoteIdentifier(column)} ${descending ? 'desc' : 'asc'}, id`;
  const values = [filter.state, filter.source, filter.email, filter.pattern].map((value) => value ?? null);
  const text = `select ${columns}, count(*) over ()::int as total from person ${where} order by ${order} limit $5 offset $6`;
  const { rows } = await tx.query<PersonRow & { total: number }>(text, [
    ...values,
    filter.limit,
    filter.offset,
  ]);
  if (rows.length > 0 || filter.offset === 0) return { rows, total: rows[0]?.total ?? 0 };
  // Past the last page the window function has no row to count on.
  const counted = await tx.query<{ total: number }>(
    `select count(*)::int as total from person ${where}`,
    values,
  );
  return { rows, total: counted.rows[0]!.total };
}

/** Who was merged into a person, oldest first, and into whom the person was merged. */
export async function findMerges(
  tx: Tx,
  person: string,
): Promise<{ into: string | undefined; logs: MergeLog[] }> {
  const text = `select target_person, source_person, merged_at, merged_by, notes from person_merge_log
    where target_person = $1 or source_person = $1 order by row_index`;
  type Row = Omit<MergeLog, 'merged_at'> & { target_person: string; merged_at: Date };
  const { rows } = await tx.query<Row>(text, [person], 'dartwing_person_merges');
  return {
    into: rows.find((row) => row.source_person === person)?.target_person,
    logs: rows
      .filter((row) => row.target_person === person)
      .map(({ target_person: _target, merged_at, ...log }) => ({
        ...log,
        merged_at: merged_at.toISOString(),
      })),
  };
}

export interface DuplicateGroup {
  reason: 'mailbox' | 'name_and_phone';
  persons: {
    id: string;
    primary_email: string;
    full_name: string;
    mobile_no: string | null;
    state: string;
  }[];
}

/** Persons who may be one human: the same mailbox behind their addresses, or the same name and phone number. */
export async function pageDuplicates(
  tx: Tx,
  limit: number,
  offset: number,
): Promise<{ rows: DuplicateGroup[]; total: number }> {
  const text = `
    with candidate as (
      select 'mailbox' as reason, mailbox as key, p.* from person p where status <> 'merged'
      union all
      select 'name_and_phone', lower(btrim(first_name || ' ' || last_name)) || ' ' || mobile_no, p.*
      from person p where status <> 'merged' and mobile_no is not null
    ),
    groups as (
      select reason, jsonb_agg(jsonb_build_object('id', id, 'primary_email', primary_email,
          'full_name', btrim(first_name || ' ' || last_name), 'mobile_no', mobile_no, 'state', status) order by id) as persons
      from candidate group by reason, key having count(*) > 1
    )
    select reason, persons, count(*) over ()::int as total from groups
    order by persons -> 0 ->> 'id', reason limit $1 offset $2`;
  const { rows } = await tx.query<DuplicateGroup & { total: number }>(text, [limit, offset]);
  return { rows: rows.map(({ total: _total, ...row }) => row), total: rows[0]?.total ?? 0 };
}
