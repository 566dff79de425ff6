/** Events for sockets, from programs that have no Redis. */
import { z } from 'zod';
import { publicationSchema } from '../../core/realtime/index.js';
import { text } from '../input.js';
import { type Route, route } from '../route.js';

export const realtimeRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/organizations/{org}/events',
    id: 'event.publish',
    tag: 'Realtime',
    summary: 'Send events to sockets of the organization, in their order',
    params: z.object({ org: text.min(1).describe('Id or slug') }),
    body: z.strictObject({ events: z.array(publicationSchema).min(1).max(500) }),
    status: 202,
    kind: 'EventsPublished',
    shape: 'data',
    run: async ({ dartwing, path, body, call }) => {
      const organization = await dartwing.permissions.enter(path.org, {
        principal: call.principal!,
        via: 'http',
      });
      await dartwing.realtime.publish(organization, body.events, call);
      const data = {
        api_version: 'dartwing/v1',
        kind: 'EventsPublished',
        organization,
        count: body.events.length,
      };
      return { data };
    },
  }),
];
