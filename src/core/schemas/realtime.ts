/** Realtime: what is answered to who publishes. */
import { z } from 'zod';
import { document } from './base.js';

export const realtime = {
  EventsPublished: document('EventsPublished', { organization: z.string(), count: z.int().min(1) }),
};
