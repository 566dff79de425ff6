/** Creating an organization: it, its concrete record and its owner's membership, all or nothing. */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { duplicateConstraint } from '../db/index.js';
import { DartwingError, type FieldError } from '../errors.js';
import { seriesId } from '../ids.js';
import { concreteTypes, ownershipWarnings } from './concrete.js';
import { findPersons, insertConcrete, readConcrete } from './concrete-queries.js';
import {
  comparable,
  type OrganizationDocument,
  type OrganizationRow,
  organizationDocument,
  organizationFacts,
} from './document.js';
import { type CreateOrganizationInput, type ParsedCreate, parseCreate } from './input.js';
import { findMemberRole, findOrganization, insertOrganization, nextNumbers } from './queries.js';

/**
 * Creates an organization of any type with its concrete record, both linked, in the scope's transaction, and tells
 * the rooms above (which enrol the owner). Running it twice gives ORGANIZATION_EXISTS, or `op: none` with
 * `ifNotExists` and the same values.
 * @throws SLUG_INVALID, ORGANIZATION_TYPE_INVALID, VALIDATION_ERROR, ORGANIZATION_EXISTS, ORGANIZATION_DIFFERS,
 * PERSON_NOT_FOUND (an officer nobody knows), PERMISSION_DENIED
 */
export async function createOrganization(
  scope: Scope,
  input: CreateOrganizationInput,
): Promise<Change<OrganizationDocument>> {
  const parsed = parseCreate(input);
  authorize(scope, 'create', { doctype: 'Organization', name: parsed.slug });
  // Asked together: making one is the usual case.
  const [existing, numbers] = await Promise.all([
    findOrganization(scope.tx, parsed.slug),
    nextNumbers(scope.tx, parsed.slug, concreteTypes[parsed.type].series),
  ]);
  if (existing) return acceptExisting(scope, existing, input, parsed);
  // Somebody made it between the two looks.
  if (numbers === undefined) throw new DartwingError('ORGANIZATION_EXISTS', { slug: parsed.slug });

  const { row, concrete } = await insertPair(scope, parsed, numbers);
  const owner = input.owner === undefined ? undefined : { email: input.owner, role: input.ownerRole };
  const after = organizationDocument(row, scope.clock.now(), { concrete, members: owner ? 1 : 0 });
  // Its entry is under way while the rooms above work, and stands before theirs in the trail.
  const [audit] = await Promise.all([
    recordAct(scope, row.id, 'create', { doctype: 'Organization', name: row.id }, { old: null, new: after }),
    scope.events.publish(scope, 'organization.created', {
      organization: organizationFacts(row),
      region: row.region,
      owner,
    }),
  ]);
  return changeDocument(scope, {
    op: 'create',
    ref: `org/${row.slug}`,
    before: null,
    after,
    audit,
    warnings: ownershipWarnings(parsed.concrete),
  });
}

async function insertPair(
  scope: Scope,
  parsed: ParsedCreate,
  numbers: { organization: string; concrete: string },
): Promise<{ row: OrganizationRow; concrete: Record<string, unknown> }> {
  const { tx, clock, principal } = scope;
  const type = concreteTypes[parsed.type];
  const at = clock.now();
  const fields = await resolvePersons(scope, parsed.type, parsed.concrete);
  if (type.nameField && fields[type.nameField] === undefined) fields[type.nameField] = parsed.name;
  const id = seriesId('organization', numbers.organization, at);
  const linkedName = seriesId(type.series, numbers.concrete, at);
  // Sent together; the server takes them in this order, and the first failure is the one that counts.
  const [row, , concrete] = await Promise.all([
    insertOrganization(tx, {
      id,
      linkedDoctype: type.doctype,
      linkedName,
      input: parsed,
      at,
      by: principal.id,
    }).catch((error: unknown) => {
      if (duplicateConstraint(error) === 'organization_slug')
        throw new DartwingError('ORGANIZATION_EXISTS', { slug: parsed.slug });
      throw error;
    }),
    insertConcrete(tx, type, id, linkedName, fields),
    readConcrete(tx, type, id),
  ]);
  if (concrete === undefined)
    throw new DartwingError('INTERNAL', { message: `the ${type.doctype} of ${id} was not stored` });
  return { row, concrete };
}

/** Equal values are accepted; what the input does not name is not compared. */
async function acceptExisting(
  scope: Scope,
  row: OrganizationRow,
  input: CreateOrganizationInput,
  parsed: ParsedCreate,
): Promise<Change<OrganizationDocument>> {
  if (!input.ifNotExists) throw new DartwingError('ORGANIZATION_EXISTS', { slug: row.slug });
  const concrete = await readConcrete(scope.tx, concreteTypes[row.org_type], row.id);
  const wanted = await resolvePersons(scope, parsed.type, parsed.concrete);
  const document = organizationDocument(row, scope.clock.now(), { concrete: concrete ?? null });
  const fields = differences(document, input, { ...parsed, concrete: wanted }, concrete ?? {});
  fields.push(...(await ownerDifferences(scope, row.id, input)));
  if (row.status === 'dissolved') fields.push({ path: 'status', message: 'is dissolved' });
  if (fields.length > 0) throw new DartwingError('ORGANIZATION_DIFFERS', { slug: row.slug }, { fields });
  return changeDocument(scope, {
    op: 'none',
    ref: `org/${row.slug}`,
    before: document,
    after: document,
    audit: null,
  });
}

async function ownerDifferences(
  scope: Scope,
  organization: string,
  { owner, ownerRole }: CreateOrganizationInput,
): Promise<FieldError[]> {
  if (owner === undefined) return [];
  const role = await findMemberRole(scope.tx, organization, owner.trim());
  if (role === undefined) return [{ path: 'owner', message: `"${owner}" is no active member` }];
  return ownerRole === undefined || ownerRole === role
    ? []
    : [{ path: 'owner', message: `"${owner}" is ${role}, not ${ownerRole}` }];
}

function differences(
  document: OrganizationDocument,
  input: CreateOrganizationInput,
  parsed: ParsedCreate,
  concrete: Readonly<Record<string, unknown>>,
): FieldError[] {
  const wanted: Record<string, unknown> = { type: parsed.type };
  if (input.name !== undefined) wanted.name = parsed.name;
  if (input.region !== undefined) wanted.region = parsed.region;
  if (input.tier !== undefined) wanted.tier = parsed.tier;
  if (input.logo !== undefined) wanted.logo = parsed.logo;
  if (input.legalHold !== undefined) wanted.legal_hold = parsed.legalHold;
  if (input.mfaRequired !== undefined) wanted.mfa_required = parsed.mfaRequired;
  if (input.sessionTimeoutMinutes !== undefined)
    wanted.session_timeout_minutes = parsed.sessionTimeoutMinutes;
  const pairs = [
    ...Object.entries(wanted).map(([path, want]) => [path, document[path], want] as const),
    ...(parsed.type === document.type ? Object.entries(parsed.concrete) : []).map(
      ([key, want]) => [`${document.type}.${key}`, concrete[key], want] as const,
    ),
  ];
  return pairs
    .filter(([, have, want]) => comparable(have) !== comparable(want))
    .map(([path, have, want]) => ({
      path,
      message: `is ${JSON.stringify(have)}, not ${JSON.stringify(want)}`,
    }));
}

/**
 * Replaces e-mail addresses of officers, partners and agents by person ids.
 * @throws PERSON_NOT_FOUND
 */
export async function resolvePersons(
  scope: Scope,
  type: ParsedCreate['type'],
  fields: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const lists = concreteTypes[type].children.filter(
    (child) => 'person' in child.fields && Array.isArray(fields[child.key]),
  );
  const agent = typeof fields.registered_agent === 'string' ? [fields.registered_agent] : [];
  const refs = [
    ...agent,
    ...lists.flatMap((child) => (fields[child.key] as { person: string }[]).map((row) => row.person)),
  ];
  if (refs.length === 0) return { ...fields };
  const known = await findPersons(scope.tx, refs);
  const idOf = (ref: string) => {
    const id = known.get(ref) ?? known.get(ref.toLowerCase());
    if (id === undefined) throw new DartwingError('PERSON_NOT_FOUND', { ref });
    return id;
  };
  const resolved: Record<string, unknown> = { ...fields };
  if (agent[0] !== undefined) resolved.registered_agent = idOf(agent[0]);
  for (const child of lists) {
    resolved[child.key] = (fields[child.key] as { person: string }[]).map((row) => ({
      ...row,
      person: idOf(row.person),
    }));
  }
  return resolved;
}
