/** What clients ask, checked once at the door. A batch is checked as a whole here; each operation answers for itself. */
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type FeedRequest, type PushRequest, syncProtocol } from './protocol.js';

export interface ParsedFeed {
  doctypes: readonly string[];
  since: string | undefined;
  limit: number;
  device: string | undefined;
  schemas: Readonly<Record<string, number>>;
  tombstones: boolean;
  queueDepth: number | undefined;
}

/** @throws VALIDATION_ERROR, SYNC_PROTOCOL */
export function parseFeed(request: FeedRequest): ParsedFeed {
  if (typeof request !== 'object' || request === null) throw wrong('The request is an object');
  requireProtocol(request.protocol);
  const { doctype, since, limit = limits.feedDefault, schemas = {}, tombstones = false } = request;
  const named: unknown[] =
    typeof doctype === 'string' ? doctype.split(',').map((word) => word.trim()) : [...(doctype ?? [])];
  const doctypes = [...new Set(named)];
  if (doctypes.length === 0 || doctypes.length > limits.feedDoctypesMax || !doctypes.every(isText))
    throw wrong(`doctype names 1 to ${limits.feedDoctypesMax} doctypes`);
  if (!Number.isInteger(limit) || limit < 1)
    throw wrong(`limit is a whole number from 1 to ${limits.feedMax}`);
  if (since !== undefined && typeof since !== 'string') throw new DartwingError('SYNC_CURSOR_INVALID');
  if (typeof schemas !== 'object' || schemas === null || !Object.values(schemas).every(Number.isInteger))
    throw wrong('schemas is an object of versions by doctype');
  return {
    doctypes: doctypes as string[],
    since: since === '' ? undefined : since,
    limit: Math.min(limit, limits.feedMax),
    device: request.device === undefined ? undefined : requireId('device', request.device),
    schemas,
    tombstones: tombstones === true,
    queueDepth: depthOf(request.queue_depth),
  };
}

/** @throws VALIDATION_ERROR, SYNC_PROTOCOL */
export function parsePush(request: PushRequest): {
  device: string;
  operations: readonly unknown[];
  queueDepth: number | undefined;
} {
  if (typeof request !== 'object' || request === null) throw wrong('The request is an object');
  requireProtocol(request.protocol);
  const { operations } = request;
  if (!Array.isArray(operations)) throw wrong('operations is a list');
  if (operations.length > limits.pushMax)
    throw wrong(`A batch has at most ${limits.pushMax} operations, this one has ${operations.length}`);
  return {
    device: requireId('device', request.device),
    operations,
    queueDepth: depthOf(request.queue_depth),
  };
}

/** An id that a client makes: short, visible and on one line. */
export function isId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= limits.syncIdCharsMax &&
    /^[\p{L}\p{N}\p{P}\p{S} ]+$/u.test(value) &&
    value.isWellFormed()
  );
}

function requireId(name: string, value: unknown): string {
  if (isId(value)) return value;
  throw wrong(`${name} is an id of 1 to ${limits.syncIdCharsMax} visible characters`);
}

function requireProtocol(given: unknown): void {
  if (given === undefined || given === syncProtocol) return;
  throw new DartwingError('SYNC_PROTOCOL', { given: String(given).slice(0, 20), known: syncProtocol });
}

function depthOf(given: unknown): number | undefined {
  if (typeof given !== 'number' || !Number.isInteger(given) || given < 0) return undefined;
  return Math.min(given, 2_147_483_647);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function wrong(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
