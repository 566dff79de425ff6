/** The resolution of a conflict: a pure function of the edit, the server's version, their ancestor and the rules. */
import { clampClientTime } from './client-time.js';
import type { Conflict, Fields, Outcome, Resolution } from './conflict.js';
import { type Decided, decideField } from './fields.js';
import type { ConflictRules } from './rules.js';
import { own, sameValue } from './same.js';

/**
 * Resolves an operation whose base is not the server's newest version. Never throws; clocks never decide whether there
 * is a conflict, and equal content is none.
 *
 * A tombstone beats an edit that did not see it, whichever came first, unless the operation is `undelete`; the rules may
 * leave a deletion of something newer to a person. Everything that loses is in `lost`.
 */
export function resolve(conflict: Conflict, rules: ConflictRules): Resolution {
  const { client, server } = conflict;
  if (client.op === 'delete')
    return server.deleted ? nothing(conflict, rules) : resolveDeletion(conflict, rules);
  if (!server.deleted) return resolveEdit(conflict, rules);
  return client.op === 'undelete' ? undelete(conflict, rules) : loseToTombstone(conflict, rules);
}

function resolveEdit(conflict: Conflict, rules: ConflictRules): Resolution {
  const { client, server } = conflict;
  const writtenAt = clientTime(conflict);
  const decisions = Object.keys(client.data)
    .filter(
      (field) =>
        !sameValue(client.data[field], own(server.data, field)) || countsTwice(field, conflict, rules),
    )
    .map((field) => decideField(field, conflict, rules, writtenAt));
  const document = {
    ...server.data,
    ...Object.fromEntries(decisions.map(({ field, value }) => [field, value])),
  };
  const open = decisions.filter(({ by }) => by === 'person').map(({ field }) => field);
  const changed = !sameValue(document, server.data);
  const outcome = outcomeOf(decisions, open.length > 0, changed);
  return {
    strategy: rules.strategy,
    outcome,
    document: changed ? document : server.data,
    deleted: false,
    changed,
    winner: winnerOf(outcome, changed),
    decisions: decisions.map(({ lostServer: _, lostClient: __, ...decision }) => decision),
    open,
    needsPerson: open.length > 0,
    lost: {
      client: lostValues(decisions, 'client'),
      server: lostValues(decisions, 'server'),
    },
    writtenAt,
  };
}

/**
 * Whether equal numbers are two additions: both sides counted on from the ancestor, and came to the same. Only an
 * operation with an id can be told from its own repetition.
 */
function countsTwice(field: string, { client, base }: Conflict, rules: ConflictRules): boolean {
  if (!rules.sum?.includes(field) || base?.data === undefined || client.operationId === '') return false;
  return typeof client.data[field] === 'number' && !sameValue(own(base.data, field), client.data[field]);
}

function outcomeOf(decisions: readonly Decided[], open: boolean, changed: boolean): Outcome {
  if (open) return 'conflict';
  const lostClient = decisions.some((decision) => decision.lostClient);
  if (!changed) return lostClient ? 'server_wins' : 'unchanged';
  return !lostClient && decisions.every(({ by }) => by === 'client') ? 'applied' : 'merged';
}

function winnerOf(outcome: Outcome, changed: boolean): Resolution['winner'] {
  if (outcome === 'applied') return 'client';
  if (outcome === 'server_wins') return 'server';
  return changed ? 'both' : 'nobody';
}

function lostValues(decisions: readonly Decided[], side: 'client' | 'server'): Fields {
  const lost = decisions.filter((decision) =>
    side === 'client' ? decision.lostClient : decision.lostServer,
  );
  return Object.fromEntries(lost.map((decision) => [decision.field, decision[side]]));
}

function resolveDeletion(conflict: Conflict, rules: ConflictRules): Resolution {
  const { server } = conflict;
  const unresolved = nothing(conflict, rules);
  if (rules.deletes === 'manual') return { ...unresolved, outcome: 'conflict', needsPerson: true };
  return {
    ...unresolved,
    outcome: 'applied',
    deleted: true,
    changed: true,
    winner: 'client',
    lost: { client: {}, server: server.data },
  };
}

function undelete(conflict: Conflict, rules: ConflictRules): Resolution {
  const { client, server } = conflict;
  return {
    ...nothing(conflict, rules),
    outcome: 'applied',
    document: { ...server.data, ...client.data },
    deleted: false,
    changed: true,
    winner: 'client',
  };
}

function loseToTombstone(conflict: Conflict, rules: ConflictRules): Resolution {
  const { client, server, base } = conflict;
  const decisions = Object.keys(client.data).map((field) => ({
    field,
    by: 'server' as const,
    because: 'tombstone' as const,
    base: own(base?.data, field) ?? null,
    server: own(server.data, field) ?? null,
    client: client.data[field] ?? null,
    value: null,
  }));
  return {
    ...nothing(conflict, rules),
    outcome: 'server_wins',
    winner: 'server',
    decisions,
    lost: { client: client.data, server: {} },
  };
}

/** The server stays as it is, and nothing was lost. */
function nothing(conflict: Conflict, { strategy }: ConflictRules): Resolution {
  const { data, deleted } = conflict.server;
  return {
    strategy,
    outcome: 'unchanged',
    document: data,
    deleted,
    changed: false,
    winner: 'nobody',
    decisions: [],
    open: [],
    needsPerson: false,
    lost: { client: {}, server: {} },
    writtenAt: clientTime(conflict),
  };
}

function clientTime({ client, base, now }: Conflict): Date {
  return clampClientTime(client.writtenAt, { after: base?.modifiedAt, now });
}
