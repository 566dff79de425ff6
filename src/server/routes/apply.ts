/** Declarative documents: what a file would change, and changing it. */
import { z } from 'zod';
import { type Route, route } from '../route.js';
import { publicWords } from './invitations.js';

const tag = 'Apply';
const documents = z.strictObject({
  files: z
    .array(z.strictObject({ name: z.string().max(500), text: z.string().describe('YAML or JSON documents') }))
    .min(1)
    .max(100),
  prune: z.boolean().optional().describe('Remove members whom the documents do not name'),
});

export const applyRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/diff',
    id: 'apply.diff',
    tag,
    summary: 'Tell what documents would change; writes nothing',
    body: documents,
    kind: 'Plan',
    shape: 'data',
    run: async ({ dartwing, body, call }) => ({
      data: await dartwing.apply.plan(body.files, { prune: body.prune }, quiet(call)),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/apply',
    id: 'apply.apply',
    tag,
    summary: 'Make organizations as documents want them',
    body: documents,
    kind: 'Bulk',
    shape: 'data',
    run: async ({ dartwing, body, call }) => {
      const plan = await dartwing.apply.plan(body.files, { prune: body.prune }, quiet(call));
      const { done, failed } = await dartwing.apply.execute(plan, quiet(call));
      return {
        data: {
          api_version: 'dartwing/v1',
          kind: 'Bulk',
          done,
          failed: failed.map(({ ref, error }) => ({ ref, error: publicWords(error) })),
          summary: { done: done.length, failed: failed.length },
        },
      };
    },
  }),
];

function quiet<Call extends object>(call: Call): Call {
  return { ...call, witness: undefined };
}
