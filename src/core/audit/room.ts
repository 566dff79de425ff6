/** The room as callers see it: the sequencer's life in this process, and reading verbs that see all that is staged. */

import { auditBounds } from './bounds.js';
import type { AuditDocument } from './document.js';
import type { AuditActor, AuditVia } from './entry.js';
import type { AuditDatabase, AuditKey, AuditTransaction, OpenListener } from './ports.js';
import { type AuditList, type AuditQuery, queryAudit } from './query.js';
import type { AuditReader } from './reader.js';
import { type SequencingOptions, sequenceOnce } from './sequencer.js';
import { type Sequencer, startSequencer } from './sequencer-loop.js';
import { type AuditTailOptions, tailAudit } from './tail.js';
import { type AuditVerification, type VerifyOptions, verifyTrails } from './verify.js';
import { announceStaged } from './write-queries.js';

/** Facts of a call that the trail keeps of its reader. */
export interface AuditCall {
  principal: AuditActor;
  via: AuditVia;
  reason?: string | undefined;
  requestId?: string | undefined;
}

export interface AuditVerbs {
  /** A page of entries, newest first; what is staged is sequenced before. @throws AUDIT_QUERY_INVALID */
  query(query?: AuditQuery, call?: Partial<AuditCall>): Promise<AuditList>;
  /** Entries as they come, oldest first. @throws AUDIT_QUERY_INVALID */
  tail(options?: AuditTailOptions, call?: Partial<AuditCall>): AsyncIterable<AuditDocument>;
  /** Verifies trails and names the first fault of each. */
  verify(
    options?: Omit<VerifyOptions, 'sequencerRole'>,
    call?: Partial<AuditCall>,
  ): Promise<AuditVerification>;
  /** Sequences everything that is staged now. */
  sequence(): Promise<void>;
}

/** What the room needs of the installation. */
export interface AuditSource {
  database: AuditDatabase<AuditTransaction>;
  sequencerRole: string;
  keys: readonly AuditKey[];
  listen: OpenListener;
  onFailure: (error: unknown) => void;
  /** Completes the facts of a call with the defaults. */
  call: (call: Partial<AuditCall> | undefined) => AuditCall;
}

export function auditVerbs(source: AuditSource): AuditVerbs {
  const { database, sequencerRole, onFailure } = source;
  const sequence = () => sequenceAll({ database, role: sequencerRole, keys: source.keys }, onFailure);
  const reader = (call: Partial<AuditCall> | undefined): AuditReader => {
    const { principal, via, reason, requestId } = source.call(call);
    return { actor: principal, via, reason, requestId };
  };
  return {
    query: async (query = {}, call) => {
      await sequence();
      return database.transaction((tx) => queryAudit(tx, query, reader(call)));
    },
    tail: async function* (options = {}, call) {
      if (options.since !== undefined || options.sinceSeq !== undefined) await sequence();
      yield* tailAudit({ database, listen: source.listen, onFailure }, options, reader(call));
    },
    verify: async (options = {}) => {
      await sequence();
      return verifyTrails(database, { ...options, sequencerRole });
    },
    sequence,
  };
}

/**
 * Rounds until nothing is left, or as many as `auditBounds.roundsMax` while others keep writing. What fails stays
 * staged, is told, and shows as a backlog when verified.
 */
async function sequenceAll(options: SequencingOptions, onFailure: (error: unknown) => void): Promise<void> {
  for (let round = 0; round < auditBounds.roundsMax; round++) {
    const { entries, failed } = await sequenceOnce(options);
    for (const { error } of failed) onFailure(error);
    if (entries === 0 || failed.length > 0) return;
  }
}

/** Wakes sequencers: the one of this process, or through the database those of others. */
export interface SequencerBell {
  ring(): void;
  start(source: AuditSource): void;
  stop(): Promise<void>;
}

/**
 * @param background whether this process sequences by itself. If not, rings are passed on through the database,
 * one at a time, so that a process that does sequence hears of what was staged here.
 */
export function sequencerBell(background: boolean): SequencerBell {
  let sequencer: Sequencer | undefined;
  let announce = async (): Promise<void> => {};
  let announcing: Promise<void> | undefined;
  return {
    ring: () => {
      if (sequencer) sequencer.ring();
      else {
        announcing ??= announce().finally(() => {
          announcing = undefined;
        });
      }
    },
    start: (source) => {
      const { database, sequencerRole: role, keys, listen, onFailure } = source;
      if (background) sequencer = startSequencer({ database, role, keys, listen, onFailure });
      announce = () => database.transaction(announceStaged).then(() => {}, onFailure);
    },
    stop: async () => {
      await announcing;
      await sequencer?.stop();
    },
  };
}
