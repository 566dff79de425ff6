/** API keys of organizations. The secret is in the answer that makes it, and never again. */
import { z } from 'zod';
import { flag, moment, page, text, whole } from '../input.js';
import { type Route, route } from '../route.js';
import { changed } from './organizations.js';

const org = { org: text.min(1).describe('Id or slug') };
const one = z.object({ ...org, key: text.min(1) });
const doctype = 'API Key';
const tag = 'API keys';

export const apiKeyRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/organizations/{org}/api-keys',
    id: 'apikey.list',
    tag,
    summary: 'List the API keys of an organization',
    params: z.object(org),
    query: z.strictObject({ ...page, revoked: flag.optional() }),
    kind: 'ApiKey',
    shape: 'page',
    run: async ({ dartwing, path, query, call }) => ({
      page: { ...(await dartwing.identity.apiKeys.list(path.org, withoutUndefined(query), call)) },
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/api-keys',
    id: 'apikey.create',
    tag,
    summary: 'Create an API key',
    params: z.object(org),
    body: z.strictObject({
      name: z.string(),
      environment: z.enum(['production', 'sandbox']),
      permissions: z.array(z.string()).describe('<doctype>:<action>; * stands for all'),
      expires_at: moment.optional(),
    }),
    status: 201,
    kind: 'ApiKey',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body: { expires_at, ...body }, call }) =>
      made(
        await dartwing.identity.apiKeys.create(
          path.org,
          expires_at === undefined ? body : { ...body, expiresAt: expires_at },
          call,
        ),
      ),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/api-keys/{key}',
    id: 'apikey.show',
    tag,
    summary: 'Show an API key without its secret',
    params: one,
    kind: 'ApiKey',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.identity.apiKeys.show(path.org, path.key, call),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/api-keys/{key}/usage',
    id: 'apikey.usage',
    tag,
    summary: 'Show how often an API key was used, by day',
    params: one,
    query: z.strictObject({ days: whole.optional() }),
    kind: 'ApiKeyUsage',
    shape: 'data',
    run: async ({ dartwing, path, query, call }) => ({
      data: await dartwing.identity.apiKeys.usage(path.org, path.key, query.days, call),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/api-keys/{key}/rotate',
    id: 'apikey.rotate',
    tag,
    summary: 'Give an API key another secret; the former one opens for a while',
    params: one,
    body: z.strictObject({ grace_ms: z.int().optional() }),
    bodyOptional: true,
    kind: 'ApiKey',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) =>
      made(await dartwing.identity.apiKeys.rotate(path.org, path.key, { graceMs: body.grace_ms }, call)),
  }),
  route({
    method: 'delete',
    path: '/v1/organizations/{org}/api-keys/{key}',
    id: 'apikey.revoke',
    tag,
    summary: 'Revoke an API key, at once and everywhere',
    params: one,
    kind: 'ApiKey',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) =>
      changed(await dartwing.identity.apiKeys.revoke(path.org, path.key, call)),
  }),
];

function made({ change, secret }: { change: Parameters<typeof changed>[0]; secret: string | undefined }) {
  const answer = changed(change);
  return secret === undefined ? answer : { ...answer, meta: { ...answer.meta, secret } };
}

function withoutUndefined<Given extends object>(given: Given) {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Given]-?: Exclude<Given[Key], undefined>;
  };
}
