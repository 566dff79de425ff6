/** Reading persons. */
import { authorize, type Scope } from '../access/index.js';
import { containing, parseChoice, parsePage, parseSort } from '../input.js';
import { parseEmail } from './email.js';
import { requireReadablePerson } from './person.js';
import { type PersonDocument, personDocument } from './person-document.js';
import { type DuplicateGroup, findMerges, pageDuplicates, pagePersons } from './person-queries.js';

/** A page of persons. */
export interface PersonList {
  api_version: 'dartwing/v1';
  kind: 'PersonList';
  items: PersonDocument[];
  total_count: number;
  limit: number;
  offset: number;
}

/** Groups of persons who may be one human. */
export interface DuplicateList {
  api_version: 'dartwing/v1';
  kind: 'DuplicateList';
  items: DuplicateGroup[];
  total_count: number;
  limit: number;
  offset: number;
}

export interface ListPersonsInput {
  /** active, inactive or merged; without it everybody who is not merged. */
  state?: string | undefined;
  /** signup, invite or import. */
  source?: string | undefined;
  email?: string | undefined;
  /** Part of a name, an address or a phone number. */
  search?: string | undefined;
  /** id, email, name, created_at or modified_at, with `-` in front for descending. Default id. */
  sort?: string | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

const states = ['active', 'inactive', 'merged'] as const;
const sources = ['signup', 'invite', 'import'] as const;
const sortColumns = {
  id: 'id',
  email: 'primary_email',
  name: 'last_name',
  created_at: 'created_at',
  modified_at: 'modified_at',
} as const;

/** One person by id or e-mail address, with the merges they took part in. @throws PERSON_NOT_FOUND */
export async function showPerson(scope: Scope, ref: string): Promise<PersonDocument> {
  const row = await requireReadablePerson(scope, ref);
  authorize(scope, 'read', { doctype: 'Person', name: row.id });
  return personDocument(row, await findMerges(scope.tx, row.id));
}

/** A page of persons. @throws VALIDATION_ERROR, EMAIL_INVALID */
export async function listPersons(scope: Scope, input: ListPersonsInput = {}): Promise<PersonList> {
  authorize(scope, 'read', { doctype: 'Person', name: '*' });
  const { limit, offset } = parsePage(input);
  const { rows, total } = await pagePersons(scope.tx, {
    state: parseChoice('state', input.state, states),
    source: parseChoice('source', input.source, sources),
    email: input.email === undefined ? undefined : parseEmail(input.email),
    pattern: input.search === undefined ? undefined : containing(input.search),
    sort: parseSort(input.sort ?? 'id', sortColumns),
    limit,
    offset,
  });
  const items = rows.map((row) => personDocument(row));
  return { api_version: 'dartwing/v1', kind: 'PersonList', items, total_count: total, limit, offset };
}

/** Persons who may be one human: the same mailbox behind their addresses, or the same name and phone number. */
export async function listDuplicates(
  scope: Scope,
  input: { limit?: number | undefined; offset?: number | undefined } = {},
): Promise<DuplicateList> {
  authorize(scope, 'read', { doctype: 'Person', name: '*' });
  const { limit, offset } = parsePage(input);
  const { rows, total } = await pageDuplicates(scope.tx, limit, offset);
  return {
    api_version: 'dartwing/v1',
    kind: 'DuplicateList',
    items: rows,
    total_count: total,
    limit,
    offset,
  };
}
