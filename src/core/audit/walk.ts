/** Walks stored entries in the order of their numbers and says whether each follows from the one before. Pure. */

import { entryLeaf, genesis, link, type Sequenced } from './chain.js';
import { type ClearColumns, clearColumns } from './columns.js';
import type { AuditBody } from './entry.js';
import type { ChainHead } from './head.js';
import { appendLeaf, type Frontier } from './merkle.js';

/** A row as it is found in the database. Nothing about it is trusted. */
export interface StoredEvent extends Sequenced {
  readonly leaf: Buffer;
  readonly chain: Buffer;
  readonly columns: ClearColumns;
}

/** How far a walk came: everything up to `seq` is proven to follow from the genesis. */
export interface Position {
  readonly seq: number;
  readonly at: string;
  readonly leaf: Buffer | undefined;
  readonly chain: Buffer;
  readonly frontier: Frontier;
}

/** Where the walk of a trail begins. */
export function startOf(head: ChainHead): Position {
  return {
    seq: 0,
    at: head.genesisAt,
    leaf: undefined,
    chain: genesis(head.organization, head.genesisAt),
    frontier: [],
  };
}

/** The position after `event`, or undefined when it does not follow. */
export function advance(position: Position, event: StoredEvent): Position | undefined {
  if (event.seq !== position.seq + 1 || event.at <= position.at) return undefined;
  if (!isWhole(event) || !linksTo(position.chain, event) || changedColumn(event) !== undefined)
    return undefined;
  const { seq, at, leaf, chain } = event;
  return { seq, at, leaf, chain, frontier: appendLeaf(position.frontier, position.seq, leaf) };
}

/** Whether the stored leaf is that of the stored content at the place `seq`, its own unless told. */
export function isWhole(event: StoredEvent, seq: number = event.seq): boolean {
  return entryLeaf({ ...event, seq }).equals(event.leaf);
}

/** Whether the stored hashes put the entry right behind the chain value `previous`. */
export function linksTo(previous: Buffer, event: Pick<StoredEvent, 'leaf' | 'chain'>): boolean {
  return link(previous, event.leaf).equals(event.chain);
}

/** The first clear column that does not repeat the body, `body` when that is no entry at all. */
export function changedColumn(event: StoredEvent): string | undefined {
  try {
    const body = JSON.parse(event.body.toString()) as AuditBody;
    if (body.org !== event.organization) return 'organization';
    const expected = clearColumns(body);
    const names = Object.keys(expected) as (keyof ClearColumns)[];
    return names.find((name) => expected[name] !== event.columns[name]);
  } catch {
    return 'body';
  }
}
