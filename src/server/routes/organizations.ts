/** Organizations: the tenants. */
import { z } from 'zod';
import { flag, moment, page, text } from '../input.js';
import { type Route, route } from '../route.js';

const org = z.object({ org: text.min(1).describe('Id or slug') });
const types = ['family', 'company', 'nonprofit', 'association'] as const;

/** The concrete record stands under the name of its type, as in the document. */
const concrete = Object.fromEntries(
  types.map((type) => [type, z.record(z.string(), z.unknown()).optional()]),
) as Record<(typeof types)[number], z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodUnknown>>>;

const settings = {
  name: z.string().optional(),
  tier: z.enum(['free', 'pro', 'enterprise']).optional(),
  logo: z.string().nullish(),
  legal_hold: z.boolean().optional(),
  mfa_required: z.boolean().optional(),
  session_timeout_minutes: z.int().nullish(),
};

const creation = z.strictObject({
  slug: z.string(),
  type: z.string().describe('family, company, nonprofit, association or club'),
  region: z.string().optional(),
  owner: z.string().optional().describe('E-mail address of the first supervisor'),
  owner_role: z.string().optional(),
  ...settings,
  ...concrete,
});

const changes = z.strictObject({
  ...settings,
  status: z.enum(['active', 'inactive']).optional(),
  ...concrete,
});

const tag = 'Organizations';

export const organizationRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/organizations',
    id: 'org.list',
    tag,
    summary: 'List the organizations that one may read',
    query: z.strictObject({
      ...page,
      state: text.optional(),
      type: text.optional(),
      tier: text.optional(),
      region: text.optional(),
      search: text.optional(),
      sort: text.optional().describe('slug, name, created_at, modified_at or id; - in front for descending'),
    }),
    kind: 'Org',
    shape: 'page',
    run: async ({ dartwing, query, call }) => ({ page: await dartwing.tenancy.list(query, call) }),
  }),
  route({
    method: 'post',
    path: '/v1/organizations',
    id: 'org.create',
    tag,
    summary: 'Create an organization with its concrete record',
    body: creation,
    status: 201,
    kind: 'Org',
    shape: 'data',
    doctype: 'Organization',
    run: async ({ dartwing, body, call }) => {
      const { legal_hold, mfa_required, session_timeout_minutes, owner_role, ...rest } = body;
      const { family, company, nonprofit, association, ...plain } = rest;
      const input = {
        ...plain,
        legalHold: legal_hold,
        mfaRequired: mfa_required,
        sessionTimeoutMinutes: session_timeout_minutes,
        ownerRole: owner_role,
        concrete: concreteOf({ family, company, nonprofit, association }),
      };
      return changed(await dartwing.tenancy.create(input, call));
    },
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}',
    id: 'org.show',
    tag,
    summary: 'Show an organization with its concrete record',
    params: org,
    kind: 'Org',
    shape: 'data',
    doctype: 'Organization',
    run: async ({ dartwing, path, call }) => ({ data: await dartwing.tenancy.show(path.org, call) }),
  }),
  route({
    method: 'patch',
    path: '/v1/organizations/{org}',
    id: 'org.update',
    tag,
    summary: 'Change settings and concrete fields of an organization',
    params: org,
    body: changes,
    kind: 'Org',
    shape: 'data',
    doctype: 'Organization',
    run: async ({ dartwing, path, body, call, ifVersion }) => {
      const { family, company, nonprofit, association, ...plain } = body;
      const part = concreteOf({ family, company, nonprofit, association });
      const wanted = part === undefined ? plain : { ...plain, concrete: part };
      return changed(await dartwing.tenancy.update(path.org, wanted, { ...call, ifVersion }));
    },
  }),
  route({
    method: 'delete',
    path: '/v1/organizations/{org}',
    id: 'org.dissolve',
    tag,
    summary: 'Dissolve an organization; it can be restored until it is purged',
    params: org,
    query: z.strictObject({
      purge_after_days: text
        .regex(/^\d{1,4}$/)
        .transform(Number)
        .optional(),
    }),
    status: 202,
    kind: 'Org',
    shape: 'data',
    doctype: 'Organization',
    run: async ({ dartwing, path, query, call }) =>
      changed(await dartwing.tenancy.dissolve(path.org, { purgeAfterDays: query.purge_after_days }, call)),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/suspend',
    id: 'org.suspend',
    tag,
    summary: 'Block an organization, for a time or until it is restored',
    params: org,
    body: z.strictObject({ until: moment.optional() }),
    bodyOptional: true,
    kind: 'Org',
    shape: 'data',
    doctype: 'Organization',
    run: async ({ dartwing, path, body, call }) =>
      changed(await dartwing.tenancy.suspend(path.org, { until: body.until }, call)),
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/restore',
    id: 'org.restore',
    tag,
    summary: 'Take back a suspension or a dissolution',
    params: org,
    kind: 'Org',
    shape: 'data',
    doctype: 'Organization',
    run: async ({ dartwing, path, call }) => changed(await dartwing.tenancy.restore(path.org, call)),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/links',
    id: 'org.links',
    tag,
    summary: 'Tell whether an organization and its concrete record agree',
    params: org,
    kind: 'OrganizationLinks',
    shape: 'data',
    run: async ({ dartwing, path, call }) => ({ data: await dartwing.tenancy.links(path.org, call) }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/export',
    id: 'org.export',
    tag,
    summary: 'Export every row of an organization as lines of JSON',
    params: org,
    query: z.strictObject({ counts: flag.optional().describe('End with a line of counts by table') }),
    kind: 'ExportRow',
    shape: 'lines',
    run: async ({ dartwing, path, query, call }) => {
      // Refusals come before the first line, when there can still be a status for them.
      const { id } = await dartwing.tenancy.show(path.org, { ...call, witness: undefined });
      await dartwing.permissions.require('export', { doctype: 'Organization', name: id }, call);
      return {
        lines: async (write) => {
          const line = { api_version: 'dartwing/v1', kind: 'ExportRow' };
          const counts = await dartwing.export.organization(id, (row) => write({ ...line, ...row }), call);
          if (query.counts) await write({ ...line, kind: 'ExportCounts', counts });
        },
      };
    },
  }),
];

/** What a change is to whoever asked for it: the document as it is now, and what was done beside it. */
export function changed(change: {
  op: string;
  after: unknown;
  before: unknown;
  audit: string | null;
  dry_run: boolean;
  warnings?: readonly string[];
}) {
  const { op, after, audit, dry_run, warnings } = change;
  return { data: after, meta: { op, audit, dry_run, ...(warnings === undefined ? {} : { warnings }) } };
}

function concreteOf(
  parts: Record<string, Record<string, unknown> | undefined>,
): Record<string, unknown> | undefined {
  const given = Object.values(parts).filter((part) => part !== undefined);
  // Two types at once: the verb refuses the fields that the type does not have.
  return given.length === 0 ? undefined : Object.assign({}, ...given);
}
