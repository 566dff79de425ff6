/** Sync for clients: thin routes over `dartwing.sync` (docs/sync-protocol.md). */
import { z } from 'zod';
import { DartwingError, isDartwingError } from '../../core/errors.js';
import type { FeedRequest } from '../../core/index.js';
import { text } from '../input.js';
import { type Input, type Route, route } from '../route.js';

const org = text.min(1).describe('Id or slug');
const tag = 'Sync';

const number = z.coerce.number();
const version = z.record(z.string(), z.int());

/** A feed as words of a query; `schemas` and `tombstones` stand in bodies only. */
const asked = z.strictObject({
  doctype: text.min(1).describe('Task,Note'),
  since: z.string().max(40_000).optional().describe('next_since of the page before'),
  limit: number.optional(),
  device: z.string().optional(),
  protocol: number.optional(),
  queue_depth: number.optional(),
});

const feedBody = z.strictObject({
  ...asked.shape,
  org,
  doctype: z.union([z.string(), z.array(z.string())]),
  schemas: version.optional(),
  tombstones: z.boolean().optional(),
});

const pushBody = z.strictObject({
  org,
  device: z.string(),
  operations: z.array(z.unknown()),
  protocol: z.number().optional(),
  queue_depth: z.number().optional(),
});

type Asked = Pick<Input<unknown, unknown, unknown>, 'enter'>;

/** A client that lost the organization has to hear it as that: it deletes what it holds. */
async function enterOrRevoke({ enter }: Asked, organization: string): Promise<void> {
  await enter(organization).catch((error: unknown) => {
    if (!isDartwingError(error) || error.code !== 'PERMISSION_DENIED') throw error;
    throw new DartwingError('SYNC_REVOKED', { actor: 'This caller', organization }, { cause: error });
  });
}

async function feed(
  input: Input<unknown, unknown, unknown>,
  { org: organization, ...request }: FeedRequest & { org: string },
) {
  await enterOrRevoke(input, organization);
  return { body: { data: await input.dartwing.sync.feed(organization, request, input.call) } };
}

const feedRoute = {
  path: '/api/method/dartwing_core.sync.feed',
  tag,
  summary: 'Give a page of changes',
  kind: 'FeedPage',
  shape: 'body' as const,
};

export const syncRoutes: readonly Route[] = [
  route({
    ...feedRoute,
    method: 'get',
    id: 'sync.feed.read',
    query: asked.extend({ org }),
    run: (input) => feed(input, input.query),
  }),
  route({
    ...feedRoute,
    method: 'post',
    id: 'sync.feed',
    body: feedBody,
    run: (input) => feed(input, input.body),
  }),
  route({
    method: 'post',
    path: '/api/method/dartwing_core.sync.upsert_batch',
    id: 'sync.push',
    tag,
    summary: 'Take a batch of operations, each with a result of its own',
    body: pushBody,
    kind: 'PushAnswer',
    shape: 'body',
    run: async (input) => {
      const { org: organization, operations, ...request } = input.body;
      await enterOrRevoke(input, organization);
      const batch = { ...request, operations: operations as never };
      return { body: { data: await input.dartwing.sync.push(organization, batch, input.call) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/organizations/{org}/changes',
    id: 'sync.stream',
    tag,
    summary: 'Stream everything from a cursor to now',
    params: z.object({ org }),
    query: asked,
    kind: 'FeedPage',
    shape: 'lines',
    run: async (input) => {
      const { path, query, dartwing, call } = input;
      await enterOrRevoke(input, path.org);
      const lines = dartwing.sync.stream(path.org, query, call);
      // What is refused is refused before the answer begins.
      const first = await lines.next();
      return {
        lines: async (write) => {
          for (let part = first; part.done !== true; part = await lines.next())
            for (const line of part.value.trimEnd().split('\n')) await write(JSON.parse(line));
        },
      };
    },
  }),
];
