/** The decision about one field in which the client differs from the server. */
import { isLater } from './client-time.js';
import type { Conflict, FieldDecision } from './conflict.js';
import { type MergedList, mergeRows, mergeSum, mergeUnion } from './rows.js';
import { byField, type ConflictRules, mergeOf, ownerOf } from './rules.js';
import { own, sameValue } from './same.js';
import { mergeText } from './text.js';

export interface Decided extends FieldDecision {
  /** Whether a value of that side is not in the document and has to be kept elsewhere. */
  lostServer: boolean;
  lostClient: boolean;
}

/**
 * Decides one field. What only one side changed is that side's; what both changed is merged if the rules say how, and
 * otherwise belongs to its owner. server_wins and append_only take nothing of an edit that was made on an old version;
 * manual_resolve takes only what `auto_merge` names.
 * @param writtenAt the client's clamped time
 */
export function decideField(
  field: string,
  { client, server, base }: Conflict,
  rules: ConflictRules,
  writtenAt: Date,
): Decided {
  const sides = {
    field,
    base: own(base?.data, field) ?? null,
    server: own(server.data, field) ?? null,
    client: own(client.data, field) ?? null,
  };
  const toServer = (because: FieldDecision['because'], lostClient = true): Decided => ({
    ...sides,
    by: 'server',
    because,
    value: sides.server,
    lostServer: false,
    lostClient,
  });
  const toClient = (because: FieldDecision['because'], lostServer: boolean): Decided => ({
    ...sides,
    by: 'client',
    because,
    value: sides.client,
    lostServer,
    lostClient: false,
  });
  const toPerson: Decided = { ...toServer('manual', false), by: 'person' };

  if (!clientChanged(field, { client, base })) return toServer('only_server_changed', false);
  if (rules.strategy === 'manual_resolve' && !rules.auto_merge?.includes(field)) return toPerson;
  if (!byField.has(rules.strategy) && rules.strategy !== 'manual_resolve') return toServer('strategy');
  if (!serverChanged(field, { server, base })) return toClient('only_client_changed', false);

  const owner = ownerOf(rules, field);
  const latest = isLater({ ...client, writtenAt }, server) ? 'client' : 'server';
  const side = owner === 'latest' ? latest : owner;
  const merged = mergeBoth(sides, rules, side === 'manual' ? undefined : side);
  if (merged !== undefined) return { ...sides, ...merged };
  if (side === 'manual') return toPerson;
  const because = owner === 'latest' ? 'latest' : 'owner';
  return side === 'client' ? toClient(because, true) : toServer(because);
}

function clientChanged(field: string, { client, base }: Pick<Conflict, 'client' | 'base'>): boolean {
  if (client.changed !== undefined) return client.changed.includes(field);
  return base?.data === undefined || !sameValue(own(base.data, field), own(client.data, field));
}

/** Where nobody knows any more what the client edited, the server counts as changed. */
function serverChanged(field: string, { server, base }: Pick<Conflict, 'server' | 'base'>): boolean {
  if (base?.data !== undefined) return !sameValue(own(base.data, field), own(server.data, field));
  return base?.serverChanged === undefined || base.serverChanged.includes(field);
}

type Merged = Pick<Decided, 'by' | 'because' | 'value' | 'lostServer' | 'lostClient'>;

function mergeBoth(
  { field, base, server, client }: Pick<FieldDecision, 'field' | 'base' | 'server' | 'client'>,
  rules: ConflictRules,
  side: 'server' | 'client' | undefined,
): Merged | undefined {
  const rule = mergeOf(rules, field);
  if (rule === undefined) return undefined;
  if (typeof rule === 'object') return from('rows_merged', mergeRows(base, server, client, rule, side));
  const value = { text: mergeText, union: mergeUnion, sum: mergeSum }[rule](base, server, client);
  const list = value === undefined ? undefined : { value, lostServer: false, lostClient: false };
  return from(`${rule}_merged`, list);
}

function from(
  because: FieldDecision['because'],
  merged: (Omit<MergedList, 'value'> & { value: unknown }) | undefined,
): Merged | undefined {
  return merged && { by: 'both', because, ...merged };
}
