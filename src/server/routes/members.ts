/** Members of organizations. */
import { z } from 'zod';
import { flag, page, text } from '../input.js';
import { type Route, route } from '../route.js';
import { changed } from './organizations.js';

const org = { org: text.min(1).describe('Id or slug') };
const member = z.object({ ...org, member: text.min(1).describe('Id, or id or address of the person') });
const doctype = 'Org Member';
const tag = 'Members';
const day = z.string().describe('2026-11-23');
const state = z.enum(['active', 'inactive', 'pending']);

export const memberRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/organizations/{org}/members',
    id: 'member.list',
    tag,
    summary: 'List the members of an organization',
    params: z.object(org),
    query: z.strictObject({ ...page, state: text.optional(), include_inactive: flag.optional() }),
    kind: 'Member',
    shape: 'page',
    run: async ({ dartwing, path, query: { include_inactive, ...query }, call }) => ({
      page: await dartwing.people.member.list(
        path.org,
        { ...query, includeInactive: include_inactive },
        call,
      ),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/members',
    id: 'member.add',
    tag,
    summary: 'Add a person to an organization in a role',
    params: z.object(org),
    body: z.strictObject({
      person: z.string().describe('Id or address'),
      role: z.string(),
      status: state.optional(),
      start_date: day.optional(),
    }),
    status: 201,
    kind: 'Member',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body: { person, role, ...terms }, call }) =>
      changed(await dartwing.people.member.add(path.org, person, role, terms as never, call)),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/members/{member}',
    id: 'member.show',
    tag,
    summary: 'Show a member',
    params: member,
    kind: 'Member',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.people.member.show(path.org, path.member, call),
    }),
  }),
  route({
    method: 'patch',
    path: '/v1/organizations/{org}/members/{member}',
    id: 'member.update',
    tag,
    summary: 'Change role, state or days of a member',
    params: member,
    body: z.strictObject({
      role: z.string().optional(),
      status: state.optional(),
      start_date: day.optional(),
      end_date: day.nullish(),
    }),
    kind: 'Member',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) =>
      changed(await dartwing.people.member.update(path.org, path.member, body, call)),
  }),
  route({
    method: 'delete',
    path: '/v1/organizations/{org}/members/{member}',
    id: 'member.remove',
    tag,
    summary: 'Let a member leave; the history stays',
    params: member,
    query: z.strictObject({ end_date: text.optional() }),
    kind: 'Member',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, query, call }) =>
      changed(await dartwing.people.member.remove(path.org, path.member, query, call)),
  }),
];
