/** Events that programs publish: checked, led to rooms of one organization, and left for the relay. */
import { z } from 'zod';
import { authorize, type Scope } from '../access/index.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { parseInput } from '../input.js';
import { bounds } from './bounds.js';
import { customRoom, doctypeRoom, documentRoom, jobRoom, organizationRoom, parseChannel } from './channel.js';
import type { Target } from './envelope.js';
import { findDocuments, insertEvents, type WaitingEvent } from './queries.js';

/** Events of dartwing's own: nobody else may send them. */
const reserved = new Set([
  'agreement_expiring',
  'auth_expired',
  'connect',
  'connect_error',
  'delta',
  'disconnect',
  'disconnecting',
  'error',
  'integration_expired',
  'newListener',
  'organizations',
  'permission_revoked',
  'presence',
  'ready',
  'reconnect_soon',
  'refused',
  'removeListener',
  'resync',
]);

/** The form of a publication. */
export const publicationSchema = z.strictObject({
  event: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'is lower-case letters, digits and underscores')
    .max(bounds.eventCharsMax)
    .refine((event) => !reserved.has(event), 'is an event of dartwing itself'),
  message: z.json(),
  room: z.string().max(bounds.channelCharsMax).optional(),
  user: z.string().max(320).optional(),
  doctype: z.string().max(80).optional(),
  docname: z.string().max(200).optional(),
  id: z
    .string()
    .regex(/^[\w:.-]{8,100}$/, 'is 8 to 100 letters, digits and :._-')
    .optional(),
});

/**
 * An event for sockets (requirements §11.5). Who hears it: the room, else the user, else the document, else everybody
 * of the organization.
 */
export type Publication = z.input<typeof publicationSchema>;

/**
 * Leaves events in the caller's transaction, which is bound to one organization: they are sent when that commits.
 * @throws PERMISSION_DENIED, VALIDATION_ERROR
 */
export async function publish(scope: Scope, given: Publication | readonly Publication[]): Promise<void> {
  const organization = scope.tx.organization!;
  authorize(scope, 'create', { doctype: 'Realtime Event', name: '*', organization });
  const list = Array.isArray(given) ? (given as readonly Publication[]) : [given as Publication];
  if (list.length > bounds.batchMax) throw invalid('events', `are more than ${bounds.batchMax} at once`);
  const events: WaitingEvent[] = [];
  for (const each of list) events.push(await eventOf(scope.tx, organization, each));
  await insertEvents(scope.tx, events);
}

/** An event as the outbox keeps it. @throws VALIDATION_ERROR */
export async function eventOf(tx: Tx, organization: string, given: Publication): Promise<WaitingEvent> {
  const parsed = parseInput(publicationSchema, given);
  const { event, message, id } = parsed;
  if (Buffer.byteLength(JSON.stringify(message)) > bounds.messageBytesMax)
    throw invalid('message', `has more than ${bounds.messageBytesMax} bytes of JSON`);
  const own = id === undefined ? undefined : `${organization}:own:${id}`;
  return { organization, event: { id: own, event, message, to: await targetOf(tx, organization, parsed) } };
}

async function targetOf(
  tx: Tx,
  organization: string,
  { room, user, doctype, docname }: z.output<typeof publicationSchema>,
): Promise<Target> {
  if (room !== undefined) return { rooms: await roomsOf(tx, organization, room) };
  if (user !== undefined) return { user: user.toLowerCase() };
  if (doctype !== undefined && docname !== undefined)
    return { rooms: await roomsOf(tx, organization, `doc:${doctype}:${docname}`) };
  return { rooms: [organizationRoom(organization)] };
}

async function roomsOf(tx: Tx, organization: string, name: string): Promise<string[]> {
  const channel = parseChannel(name) ?? parseChannel(`room:${name}`);
  switch (channel?.kind) {
    case 'org':
    case 'sync': {
      if (!(await isNamed(tx, organization, channel.organization)))
        throw invalid('room', 'is of another organization');
      return [
        channel.kind === 'org' ? organizationRoom(organization) : doctypeRoom(organization, channel.doctype),
      ];
    }
    case 'doc': {
      const { doctype, name: docname } = channel;
      const [found] = await findDocuments(tx, [{ organization, doctype, name: docname }]);
      const rooms = [documentRoom(organization, doctype, docname)];
      const owner = found?.owner ?? undefined;
      return owner === undefined ? rooms : [...rooms, documentRoom(organization, doctype, docname, owner)];
    }
    case 'room':
      return [customRoom(organization, channel.name)];
    case 'job':
      return [jobRoom(organization, channel.job)];
    default:
      throw invalid('room', 'is no channel of an organization');
  }
}

async function isNamed(tx: Tx, organization: string, ref: string): Promise<boolean> {
  if (ref === organization) return true;
  const text = 'select from organization where id = $1 and slug = $2';
  return (await tx.query(text, [organization, ref])).rowCount === 1;
}

function invalid(path: string, message: string): DartwingError {
  return new DartwingError(
    'VALIDATION_ERROR',
    { message: `${path}: ${message}` },
    { fields: [{ path, message }] },
  );
}
