/** The audit trail. */
import { z } from 'zod';
import { flag, moment, text, whole } from '../input.js';
import { reportOf } from '../report.js';
import { type Route, route } from '../route.js';

const org = z.object({ org: text.min(1).describe('Id or slug') });
const tag = 'Audit';
const filter = {
  actor: text.optional(),
  action: text.optional().describe('An action, or a beginning with a star: member.*'),
  doctype: text.optional(),
  name: text.optional(),
  is_phi: flag.optional(),
  text: text.optional().describe('Anywhere in the entry; needs an organization'),
  since: moment.optional(),
  until: moment.optional(),
  limit: whole.optional(),
  cursor: text.optional(),
};

export const auditRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/organizations/{org}/audit',
    id: 'audit.query',
    tag,
    summary: 'List entries of the trail of an organization, newest first',
    params: org,
    query: z.strictObject(filter),
    kind: 'AuditEntry',
    shape: 'page',
    run: async ({ dartwing, path, query: { is_phi, ...query }, call }) => ({
      page: {
        ...(await dartwing.audit.query({ ...query, isPhi: is_phi, organization: path.org }, call as never)),
      },
    }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/audit/verification',
    id: 'audit.verify',
    tag,
    summary: 'Verify the trail of an organization and name its first fault',
    params: org,
    kind: 'Report',
    shape: 'data',
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.audit.verify({ organizations: [path.org] }, call as never),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/audit/entries/{seq}/proof',
    id: 'audit.prove',
    tag,
    summary: 'Prove an entry: a bundle that anybody checks without us',
    params: org.extend({ seq: z.coerce.number().int().min(1).describe('Number of the entry') }),
    kind: 'AuditProof',
    shape: 'data',
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.audit.prove({ organization: path.org, seq: path.seq }, call as never),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/audit/archive',
    id: 'audit.archive',
    tag,
    summary: 'What is wrong with the place of the archive; for System Managers',
    kind: 'Report',
    shape: 'data',
    run: async ({ dartwing, call }) => {
      const { findings } = await dartwing.audit.checkArchive(call as never);
      return {
        data: reportOf('audit.archive', {
          findings: findings.map((finding, index) => ({ id: `archive.${index + 1}`, ...finding })),
          pass: findings.length === 0 ? 1 : 0,
        }),
      };
    },
  }),
  route({
    method: 'get',
    path: '/v1/audit',
    id: 'audit.query-all',
    tag,
    summary: 'List entries of all trails, newest first; for System Managers',
    query: z.strictObject({ ...filter, organization: text.optional() }),
    kind: 'AuditEntry',
    shape: 'page',
    run: async ({ dartwing, query: { is_phi, ...query }, call, enter }) => {
      if (query.organization !== undefined) await enter(query.organization);
      return { page: { ...(await dartwing.audit.query({ ...query, isPhi: is_phi }, call as never)) } };
    },
  }),
];
