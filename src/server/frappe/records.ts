/** The doctypes that have rooms of their own, by the verbs of these rooms. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DartwingError, isDartwingError } from '../../core/errors.js';
import { parseInput } from '../../core/input.js';
import { suggestSlug } from '../../core/tenancy/index.js';
import type { Input } from '../route.js';
import { equipmentFields } from '../routes/equipment.js';
import { invalid, type ListRequest, requireNone, takeEqual } from './query.js';
import { plainWord } from './words.js';

type Asked = Pick<Input<unknown, unknown, unknown>, 'dartwing' | 'call' | 'caller' | 'enter' | 'ifVersion'>;
type Fields = Readonly<Record<string, unknown>>;

/** A page of documents as their room gives them. */
interface Page {
  items: readonly Fields[];
  total_count: number;
  limit?: number;
  offset?: number;
}

/** What can be done with the records of a doctype. Documents are those of the room; views come later. */
export interface Records {
  list(asked: Asked, request: ListRequest & { organization: string | undefined }): Promise<Page>;
  show(asked: Asked, name: string): Promise<Fields>;
  create(asked: Asked, body: Fields): Promise<Fields | null>;
  update(asked: Asked, name: string, body: Fields): Promise<Fields | null>;
  remove(asked: Asked, name: string): Promise<void>;
}

/** What Frappe's clients send back of what they read, and nobody sets. */
const readOnly = [
  'doctype',
  'name',
  'owner',
  'creation',
  'modified',
  'modified_by',
  'docstatus',
  'idx',
  'version',
];

/** The fields of a body that are meant, checked. @throws VALIDATION_ERROR */
function fieldsOf<Schema extends z.ZodType>(schema: Schema, body: Fields): z.output<Schema> {
  return parseInput(
    schema,
    Object.fromEntries(Object.entries(body).filter(([key]) => !readOnly.includes(key))),
  );
}

const word = z.string().transform(plainWord);

/** `org_name asc` → the sort word of a verb. */
function sortOf(orderBy: string | undefined, columns: Readonly<Record<string, string>>): string | undefined {
  if (orderBy === undefined) return undefined;
  const [, field = '', direction = 'asc'] = /^\s*(?:\w+\.)?(\w+)(?:\s+(asc|desc))?\s*$/i.exec(orderBy) ?? [];
  const column = Object.hasOwn(columns, field) ? columns[field] : undefined;
  if (column === undefined)
    throw invalid(`order_by is one of ${Object.keys(columns).join(', ')}, asc or desc`);
  return direction.toLowerCase() === 'desc' ? `-${column}` : column;
}

const organizationFields = {
  org_name: z.string(),
  logo: z.string().nullish(),
};

const organization: Records = {
  list: (asked, { filters, orderBy, limit, offset }) => {
    const type = takeEqual(filters, 'org_type');
    const status = takeEqual(type.rest, 'status');
    requireNone(status.rest, ['org_type', 'status']);
    const sort = sortOf(orderBy, {
      name: 'id',
      org_name: 'name',
      creation: 'created_at',
      modified: 'modified_at',
    });
    return asked.dartwing.tenancy.list(
      { type: lowered(type.value), state: lowered(status.value), sort, limit, offset },
      asked.call,
    );
  },
  show: async (asked, name) => {
    await asked.enter(name);
    return asked.dartwing.tenancy.show(name, asked.call);
  },
  create: async (asked, body) => {
    const given = fieldsOf(
      z.strictObject({
        ...organizationFields,
        org_type: z.string(),
        status: word.optional(),
        slug: z.string().optional(),
        owner_email: z.string().optional(),
      }),
      body,
    );
    if (given.status !== undefined && given.status !== 'active')
      throw invalid('status: a new organization is active');
    const input = {
      name: given.org_name,
      type: plainWord(given.org_type),
      logo: given.logo,
      owner: given.owner_email,
    };
    return withFreeSlug(given.slug, given.org_name, asked.call.idempotencyKey, async (slug) => {
      const { after } = await asked.dartwing.tenancy.create({ ...input, slug }, asked.call);
      return after;
    });
  },
  update: async ({ dartwing, call, ifVersion, enter }, name, body) => {
    const { org_type, org_name, status, ...rest } = fieldsOf(
      z.strictObject({ ...organizationFields, status: z.string(), org_type: z.string() }).partial(),
      body,
    );
    await enter(name);
    if (org_type !== undefined) await requireSameType({ dartwing, call }, name, plainWord(org_type));
    const changes = {
      ...rest,
      ...(org_name === undefined ? {} : { name: org_name }),
      ...(status === undefined ? {} : { status: plainWord(status) as 'active' }),
    };
    return (await dartwing.tenancy.update(name, changes, { ...call, ifVersion })).after;
  },
  remove: async ({ dartwing, call, enter }, name) => {
    await enter(name);
    await dartwing.tenancy.dissolve(name, {}, call);
  },
};

/** The type is fixed (requirements §3.4); a client may send back the one it read. @throws ORGANIZATION_TYPE_IMMUTABLE */
async function requireSameType(
  { dartwing, call }: Pick<Asked, 'dartwing' | 'call'>,
  name: string,
  type: string,
) {
  const { slug, type: present } = await dartwing.tenancy.show(name, { ...call, witness: undefined });
  if (type !== present) throw new DartwingError('ORGANIZATION_TYPE_IMMUTABLE', { slug, type: present });
}

const slugAttemptsMax = 20;

/**
 * Frappe's clients know no slugs: one is made from the name, with a number where it is taken. A call with an
 * idempotency key has to come out the same again, so its number comes from the key.
 */
async function withFreeSlug<T>(
  given: string | undefined,
  name: string,
  key: string | undefined,
  create: (slug: string) => Promise<T>,
): Promise<T> {
  if (given !== undefined) return create(given);
  const base = suggestSlug(name).slice(0, 50).replace(/-+$/, '');
  if (key !== undefined)
    return create(`${base}-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`);
  for (let attempt = 1; ; attempt++) {
    try {
      return await create(attempt === 1 ? base : `${base}-${attempt}`);
    } catch (error) {
      const taken = isDartwingError(error) && error.code === 'ORGANIZATION_EXISTS';
      if (!taken || attempt >= slugAttemptsMax) throw error;
    }
  }
}

const personNames = {
  first_name: z.string(),
  last_name: z.string(),
  mobile_no: z.string().nullish(),
};

const person: Records = {
  list: (asked, { filters, orderBy, limit, offset }) => {
    const status = takeEqual(filters, 'status');
    const email = takeEqual(status.rest, 'primary_email');
    const source = takeEqual(email.rest, 'source');
    requireNone(source.rest, ['status', 'primary_email', 'source']);
    const sort = sortOf(orderBy, {
      name: 'id',
      primary_email: 'email',
      last_name: 'name',
      creation: 'created_at',
      modified: 'modified_at',
    });
    const input = {
      state: lowered(status.value),
      email: email.value,
      source: source.value,
      sort,
      limit,
      offset,
    };
    return asked.dartwing.people.person.list(input, asked.call) as unknown as Promise<Page>;
  },
  show: (asked, name) => asked.dartwing.people.person.show(name, asked.call) as unknown as Promise<Fields>,
  create: async (asked, body) => {
    const input = fieldsOf(
      z.strictObject({
        ...personNames,
        primary_email: z.string(),
        source: z.enum(['signup', 'invite', 'import']),
        keycloak_user_id: z.string().nullish(),
        frappe_user: z.string().nullish(),
        is_minor: z.boolean().optional(),
      }),
      body,
    );
    return (await asked.dartwing.people.person.create(input, asked.call)).after as unknown as Fields;
  },
  update: async ({ dartwing, call, ifVersion }, name, body) => {
    const changes = fieldsOf(
      z.strictObject({ ...personNames, personal_org: z.string().nullish(), status: z.string() }).partial(),
      body,
    );
    const wanted = changes.status === undefined ? changes : { ...changes, status: plainWord(changes.status) };
    const change = await dartwing.people.person.update(name, wanted as never, { ...call, ifVersion });
    return change.after as unknown as Fields;
  },
  remove: async ({ dartwing, call }, name) => {
    await dartwing.people.person.delete(name, call);
  },
};

const role: Records = {
  list: async ({ dartwing, call }, { filters, limit, offset = 0 }) => {
    const type = takeEqual(filters, 'applies_to_org_type');
    requireNone(type.rest, ['applies_to_org_type']);
    const { items, total_count } = await dartwing.people.role.list(lowered(type.value), call);
    const rows = items as unknown as readonly Fields[];
    return { items: rows.slice(offset, limit === undefined ? undefined : offset + limit), total_count };
  },
  show: (asked, name) => asked.dartwing.people.role.show(name, asked.call) as unknown as Promise<Fields>,
  create: async ({ dartwing, call }, body) => {
    const { role_name, default_hourly_rate, ...rest } = fieldsOf(roleFields, body);
    const input = { ...rest, name: role_name, ...cents(default_hourly_rate) };
    return (await dartwing.people.role.create(input as never, call)).after as unknown as Fields;
  },
  update: async ({ dartwing, call }, name, body) => {
    const { role_name: _name, default_hourly_rate, ...rest } = fieldsOf(roleFields.partial(), body);
    const changes = { ...rest, ...cents(default_hourly_rate) };
    return (await dartwing.people.role.update(name, changes as never, call)).after as unknown as Fields;
  },
  remove: async ({ dartwing, call }, name) => {
    await dartwing.people.role.delete(name, call);
  },
};

const roleFields = z.strictObject({
  role_name: z.string(),
  applies_to_org_type: word,
  is_supervisor: z
    .union([z.boolean(), z.literal(0), z.literal(1)])
    .transform(Boolean)
    .optional(),
  default_hourly_rate: z.number().max(1_000_000).optional(),
});

function cents(rate: number | undefined) {
  return rate === undefined ? {} : { default_hourly_rate_cents: Math.round(rate * 100) };
}

const member: Records = {
  list: async (asked, { filters, limit, offset, organization: named }) => {
    const status = takeEqual(filters, 'status');
    requireNone(status.rest, ['organization', 'status']);
    const org = await requirePlace(asked, named);
    const state = lowered(status.value);
    const input = { state, includeInactive: state === undefined, limit, offset };
    return asked.dartwing.people.member.list(org, input, asked.call) as unknown as Promise<Page>;
  },
  show: async (asked, name) => {
    const org = await placeOf(asked, 'Org Member', name);
    return (await asked.dartwing.people.member.show(org, name, asked.call)) as unknown as Fields;
  },
  create: async (asked, body) => {
    const given = fieldsOf(
      z.strictObject({
        person: z.string(),
        organization: z.string(),
        role: z.string(),
        status: word.optional(),
        start_date: z.string().optional(),
      }),
      body,
    );
    const { person: who, organization: named, role: as, ...terms } = given;
    await asked.enter(named);
    return (await asked.dartwing.people.member.add(named, who, as, terms as never, asked.call))
      .after as unknown as Fields;
  },
  update: async (asked, name, body) => {
    const {
      person: _who,
      organization: _org,
      ...terms
    } = fieldsOf(
      z
        .strictObject({
          person: z.string(),
          organization: z.string(),
          role: z.string(),
          status: word,
          start_date: z.string(),
          end_date: z.string().nullable(),
        })
        .partial(),
      body,
    );
    const org = await placeOf(asked, 'Org Member', name);
    const change = await asked.dartwing.people.member.update(org, name, terms as never, asked.call);
    return change.after as unknown as Fields;
  },
  remove: async (asked, name) => {
    const org = await placeOf(asked, 'Org Member', name);
    await asked.dartwing.people.member.delete(org, name, asked.call);
  },
};

const equipment: Records = {
  list: async (asked, { filters, limit, offset, organization: named }) => {
    const owner = takeEqual(filters, 'owner_organization');
    const status = takeEqual(owner.rest, 'status');
    requireNone(status.rest, ['owner_organization', 'status']);
    const org = await requirePlace(asked, owner.value ?? named);
    const input = { status: lowered(status.value), limit, offset };
    return (await asked.dartwing.equipment.list(org, input, asked.call)) as unknown as Page;
  },
  show: async (asked, name) => {
    const org = await placeOf(asked, 'Equipment', name);
    return (await asked.dartwing.equipment.show(org, name, asked.call)) as unknown as Fields;
  },
  create: async (asked, body) => {
    const { owner_organization: org, ...fields } = fieldsOf(
      z.strictObject({
        ...equipmentFields,
        equipment_name: z.string(),
        status: word.optional(),
        owner_organization: z.string(),
        assigned_to: z.string().optional(),
      }),
      body,
    );
    await asked.enter(org);
    return (await asked.dartwing.equipment.create(org, fields as never, asked.call))
      .after as unknown as Fields;
  },
  update: async (asked, name, body) => {
    const { assigned_to, owner_organization, ...fields } = fieldsOf(
      z
        .strictObject({ ...equipmentFields, equipment_name: z.string(), owner_organization: z.string() })
        .partial()
        .extend({ status: word.optional(), assigned_to: z.string().nullish() }),
      body,
    );
    const org = await placeOf(asked, 'Equipment', name);
    if (owner_organization !== undefined && owner_organization !== org)
      throw new DartwingError('EQUIPMENT_OWNER_IMMUTABLE');
    const { call, dartwing, ifVersion } = asked;
    if (assigned_to === undefined)
      return (await dartwing.equipment.update(org, name, fields as never, { ...call, ifVersion }))
        .after as unknown as Fields;
    if (Object.keys(fields).length > 0)
      throw invalid(
        'assigned_to is changed by itself: it is a handing over, which the custody trail tells of',
      );
    const change =
      assigned_to === null
        ? await dartwing.equipment.unassign(org, name, call)
        : await dartwing.equipment.assign(org, name, assigned_to, call);
    return change.after as unknown as Fields;
  },
  remove: async (asked, name) => {
    const org = await placeOf(asked, 'Equipment', name);
    await asked.dartwing.equipment.delete(org, name, asked.call);
  },
};

/** The organization of a record that the caller may read. @throws RECORD_NOT_FOUND, MFA_REQUIRED */
export async function placeOf(asked: Asked, doctype: string, name: string): Promise<string> {
  const { organization: org } = await asked.dartwing.permissions.locate(
    { doctype, name },
    { ...asked.call, witness: undefined },
  );
  await asked.enter(org!);
  return org!;
}

/**
 * The organization that a call is for: the named one, a key's own, or the only one of a person.
 * @throws ORGANIZATION_REQUIRED, MFA_REQUIRED
 */
export async function requirePlace(asked: Asked, named: string | undefined): Promise<string> {
  const org = named ?? asked.caller.principal.key?.organization ?? (await onlyPlace(asked));
  if (org === undefined || org.trim() === '') throw new DartwingError('ORGANIZATION_REQUIRED');
  await asked.enter(org);
  return org;
}

async function onlyPlace({ dartwing, caller: { principal }, call }: Asked): Promise<string | undefined> {
  if (principal.type !== 'person') return undefined;
  const plain = { ...call, witness: undefined };
  const { items } = await dartwing.people.person.organizations(principal.id, 'active', plain);
  const mine = items.filter((item) => item.has_access);
  return mine.length === 1 ? mine[0]!.organization : undefined;
}

function lowered(value: string | undefined): string | undefined {
  return value === undefined ? undefined : plainWord(value);
}

export const records: ReadonlyMap<string, Records> = new Map(
  Object.entries({
    Organization: organization,
    Person: person,
    'Role Template': role,
    'Org Member': member,
    Equipment: equipment,
  }),
);
