/** Persons: one human across organizations. Most calls see only their own. */
import { z } from 'zod';
import { DartwingError } from '../../core/errors.js';
import { page, text } from '../input.js';
import { type Input, type Route, route } from '../route.js';
import { changed } from './organizations.js';

const person = z.object({ person: text.min(1).describe('Id or address, or me') });
const doctype = 'Person';
const tag = 'Persons';
const phone = z.string().nullish().describe('E.164, or a number of the United States');

export const personRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/persons',
    id: 'person.list',
    tag,
    summary: 'List persons',
    query: z.strictObject({
      ...page,
      state: text.optional(),
      source: text.optional(),
      email: text.optional(),
      search: text.optional(),
      sort: text.optional(),
    }),
    kind: 'Person',
    shape: 'page',
    run: async ({ dartwing, query, call }) => ({ page: await dartwing.people.person.list(query, call) }),
  }),
  route({
    method: 'post',
    path: '/v1/persons',
    id: 'person.create',
    tag,
    summary: 'Create a person',
    body: z.strictObject({
      primary_email: z.string(),
      first_name: z.string(),
      last_name: z.string(),
      source: z.enum(['signup', 'invite', 'import']),
      mobile_no: phone,
      keycloak_user_id: z.string().nullish(),
      frappe_user: z.string().nullish(),
      is_minor: z.boolean().optional(),
    }),
    status: 201,
    kind: 'Person',
    shape: 'data',
    doctype,
    run: async ({ dartwing, body, call }) => changed(await dartwing.people.person.create(body, call)),
  }),
  route({
    method: 'get',
    path: '/v1/persons/{person}',
    id: 'person.show',
    tag,
    summary: 'Show a person',
    params: person,
    kind: 'Person',
    shape: 'data',
    doctype,
    run: async ({ dartwing, call, ...input }) => ({
      data: await dartwing.people.person.show(personOf(input), call),
    }),
  }),
  route({
    method: 'patch',
    path: '/v1/persons/{person}',
    id: 'person.update',
    tag,
    summary: 'Change a person',
    params: person,
    body: z.strictObject({
      primary_email: z.string().optional(),
      first_name: z.string().optional(),
      last_name: z.string().optional(),
      mobile_no: phone,
      keycloak_user_id: z.string().optional(),
      frappe_user: z.string().optional(),
      personal_org: z.string().nullish(),
      status: z.enum(['active', 'inactive']).optional(),
    }),
    kind: 'Person',
    shape: 'data',
    doctype,
    run: async ({ dartwing, body, call, ifVersion, ...input }) =>
      changed(await dartwing.people.person.update(personOf(input), body, { ...call, ifVersion })),
  }),
  route({
    method: 'delete',
    path: '/v1/persons/{person}',
    id: 'person.delete',
    tag,
    summary: 'Delete a person whom nothing names',
    params: person,
    kind: 'Person',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => changed(await dartwing.people.person.delete(path.person, call)),
  }),
  route({
    method: 'post',
    path: '/v1/persons/{person}/verify',
    id: 'person.send-proof',
    tag,
    summary: 'Mail the token that proves the address of a person',
    params: person,
    kind: 'AddressProof',
    shape: 'data',
    doctype,
    run: async ({ dartwing, call, ...input }) =>
      changed(await dartwing.people.person.sendProof(personOf(input), call)),
  }),
  route({
    method: 'post',
    path: '/v1/auth/verify',
    id: 'person.prove',
    access: 'anyone',
    tag,
    summary: 'Prove an address with the token that was mailed to it',
    body: z.strictObject({ token: z.string().min(1).max(2_000) }),
    kind: 'AddressProof',
    shape: 'data',
    run: async ({ dartwing, body, call }) => changed(await dartwing.people.person.prove(body.token, call)),
  }),
  route({
    method: 'get',
    path: '/v1/persons/{person}/organizations',
    id: 'person.organizations',
    tag,
    summary: 'List the organizations of a person, former ones included',
    params: person,
    query: z.strictObject({ state: text.optional() }),
    counts: 'organization',
    kind: 'PersonOrganization',
    shape: 'page',
    run: async ({ dartwing, query, call, ...input }) => ({
      page: { ...(await dartwing.people.person.organizations(personOf(input), query.state, call)) },
    }),
  }),
  route({
    method: 'get',
    path: '/v1/persons/{person}/equipment',
    id: 'person.equipment',
    tag,
    summary: 'List what a person has, in the organizations that the caller may look into',
    params: person,
    kind: 'Equipment',
    shape: 'page',
    run: async ({ dartwing, call, caller, path, enter }) => {
      const found = await dartwing.equipment.listByPerson(personOf({ path, caller }), call);
      const open = await openOnes([...new Set(found.items.map((item) => item.owner_organization))], enter);
      const items = found.items.filter((item) => open.has(item.owner_organization));
      return { page: { ...found, items, total_count: items.length } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/persons/{person}/consent',
    id: 'person.consent',
    tag,
    summary: 'Capture the consent of a guardian for a minor',
    params: person,
    body: z.strictObject({ guardian: z.string().describe('Id or address') }),
    kind: 'Person',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) =>
      changed(await dartwing.people.person.consent(path.person, body.guardian, call)),
  }),
  route({
    method: 'post',
    path: '/v1/persons/{person}/merge',
    id: 'person.merge',
    tag,
    summary: 'Merge another person into this one',
    params: person,
    body: z.strictObject({
      source: z.string().describe('Id or address of who goes'),
      notes: z.string().optional(),
    }),
    kind: 'Person',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) =>
      changed(await dartwing.people.person.merge(path.person, body.source, body.notes, call)),
  }),
  route({
    method: 'post',
    path: '/v1/persons/{person}/sync',
    id: 'person.sync',
    tag,
    summary: 'Try again to make the login account of a person',
    params: person,
    kind: 'Person',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => changed(await dartwing.people.person.sync(path.person, call)),
  }),
];

/** The person of a path; `me` is the one who calls. @throws PERMISSION_DENIED (a program asks for itself) */
export function personOf({
  path,
  caller,
}: Pick<Input<{ person: string }, unknown, unknown>, 'path' | 'caller'>): string {
  if (path.person !== 'me') return path.person;
  return requirePerson(caller);
}

/** The person who calls. @throws PERMISSION_DENIED for a program, which is nobody */
export function requirePerson({ principal }: Input<unknown, unknown, unknown>['caller']): string {
  if (principal.type === 'person') return principal.id;
  throw new DartwingError('PERMISSION_DENIED', { actor: principal.id, action: 'be', ref: 'Person/me' });
}

/** The organizations whose policy lets the caller in; those that ask for a stronger sign-in are left out. */
async function openOnes(
  organizations: readonly string[],
  enter: (organization: string) => Promise<void>,
): Promise<ReadonlySet<string>> {
  const open = new Set<string>();
  for (const organization of organizations) {
    await enter(organization).then(
      () => open.add(organization),
      (error: DartwingError) => {
        if (error.code !== 'MFA_REQUIRED') throw error;
      },
    );
  }
  return open;
}
