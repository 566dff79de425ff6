/** Conflicts for tests of the pure strategies. */
import type { ClientSide, Conflict, Fields, ServerSide } from '../../src/core/sync/strategies/index.js';

const now = new Date('2026-11-23T10:01:00Z');

export function clientOf(some: Partial<ClientSide>): ClientSide {
  return { op: 'update', data: {}, device: 'phone', operationId: 'op-2', ...some };
}

export function serverOf(some: Partial<ServerSide>): ServerSide {
  return {
    data: {},
    deleted: false,
    device: 'desk',
    operationId: 'op-1',
    writtenAt: new Date('2026-11-23T10:00:00Z'),
    ...some,
  };
}

/** An update, written a minute after the server's newest version was. */
export function conflictOf(sides: { base?: Fields; server: Fields; client: Fields }): Conflict {
  return {
    client: clientOf({ data: sides.client, writtenAt: new Date('2026-11-23T10:00:59Z') }),
    server: serverOf({ data: sides.server }),
    base: sides.base && { data: sides.base, modifiedAt: new Date('2026-11-23T09:00:00Z') },
    now,
  };
}
