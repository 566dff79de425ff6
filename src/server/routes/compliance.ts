/** Compliance of organizations: how controls stand, trials of them, reports. */
import { z } from 'zod';
import { moment, text } from '../input.js';
import { reportOf } from '../report.js';
import { type Route, route } from '../route.js';

const org = z.object({ org: text.min(1).describe('Id or slug') });
const tag = 'Compliance';

export const complianceRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/organizations/{org}/compliance',
    id: 'compliance.status',
    tag,
    summary: 'Try the controls of every framework that is enabled, and keep nothing of it',
    params: org,
    kind: 'ComplianceStatus',
    shape: 'page',
    run: async ({ dartwing, path, call }) => {
      const items = await dartwing.compliance.statuses(path.org, call);
      return { page: { items, total_count: items.length } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/organizations/{org}/compliance/verification',
    id: 'compliance.verify',
    tag,
    summary: 'Try the controls of an organization and keep the evidence',
    params: org,
    kind: 'Report',
    shape: 'data',
    run: async ({ dartwing, path, call }) => ({
      data: reportOf('compliance.verify', await dartwing.compliance.verify(path.org, {}, call)),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/compliance/report',
    id: 'compliance.report',
    tag,
    summary: 'What an auditor asks for: controls, clauses, evidence',
    params: org,
    query: z.strictObject({
      since: moment.optional().describe('Evidence from then on: 90 days unless told'),
    }),
    kind: 'ComplianceReport',
    shape: 'data',
    run: async ({ dartwing, path, query, call }) => ({
      data: (await dartwing.compliance.report(path.org, query, call)).report,
    }),
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/compliance/residency',
    id: 'compliance.residency',
    tag,
    summary: 'In which regions the database and its exits are, and what may not go there',
    params: org,
    kind: 'Report',
    shape: 'data',
    run: async ({ dartwing, path, call }) => ({
      data: reportOf('compliance.residency', await dartwing.compliance.residency(path.org, call)),
    }),
  }),
];
