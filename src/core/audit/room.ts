/** The room as callers see it: the sequencer's life in this process, and reading verbs that see all that is staged. */
import type { OpenListener } from '../db/index.js';
import type { ArchiveOptions } from './archive/store.js';
import { type ArchiveVerbs, archiveVerbs } from './archive/verbs.js';
import { auditBounds } from './bounds.js';
import { type AuditProof, type ProofQuery, proveEntry } from './checkpoint/prove.js';
import { rotateSigner } from './checkpoint/rotate.js';
import { type SigningOptions, type SigningRound, signCheckpoints } from './checkpoint/round.js';
import { type SignedFile, signExport } from './checkpoint/sign-export.js';
import type { SigningSecret } from './checkpoint/signer.js';
import {
  type CheckpointList,
  listNewest,
  roundDocument,
  type SigningDocument,
} from './checkpoint/summary.js';
import { gatherTrust } from './checkpoint/trust.js';
import type { AuditDocument } from './document.js';
import type { AuditActor, AuditVia } from './entry.js';
import { type AuditFilter, marksOf, requireFilter } from './filter.js';
import { awaitsEntries } from './list-queries.js';
import type { AuditDatabase, AuditKey, AuditTransaction } from './ports.js';
import { type AuditList, type AuditQuery, queryAudit } from './query.js';
import { type AuditReader, recordReading } from './reader.js';
import { type SequencingOptions, sequenceOnce } from './sequencer.js';
import { type Sequencer, startSequencer } from './sequencer-loop.js';
import { type AuditTailOptions, tailAudit } from './tail.js';
import { type AuditVerification, type VerifyOptions, verifyTrails } from './verify.js';
import { announceStaged, becomeSequencer } from './write-queries.js';

/** Facts of a call that the trail keeps of its reader. */
export interface AuditCall {
  principal: AuditActor;
  via: AuditVia;
  reason?: string | undefined;
  requestId?: string | undefined;
}

export interface AuditVerbs extends ArchiveVerbs {
  /** A page of entries, newest first; what is staged is sequenced before. @throws AUDIT_QUERY_INVALID */
  query(query?: AuditQuery, call?: Partial<AuditCall>): Promise<AuditList>;
  /** Entries as they come, oldest first. @throws AUDIT_QUERY_INVALID */
  tail(options?: AuditTailOptions, call?: Partial<AuditCall>): AsyncIterable<AuditDocument>;
  /**
   * Verifies trails, their signed checkpoints and, over all organizations, the log of them; names the first fault of
   * each. @throws AUDIT_ANCHOR_INVALID
   */
  verify(options?: VerificationOptions, call?: Partial<AuditCall>): Promise<AuditVerification>;
  /**
   * Signs checkpoints of trails that grew. By the clock (`due`) only of those with enough new entries or an old one.
   * @throws AUDIT_LOG_REFUSED
   */
  checkpoint(options?: SigningOptions, call?: Partial<AuditCall>): Promise<SigningDocument>;
  /** The newest signed checkpoints: of one trail, or of all and their log. They are to be kept elsewhere. */
  checkpoints(
    options?: { organization?: string | undefined },
    call?: Partial<AuditCall>,
  ): Promise<CheckpointList>;
  /** Announces and begins the next generation of the signing key. @throws AUDIT_LOG_REFUSED */
  rotateSigner(call?: Partial<AuditCall>): Promise<{ generation: number; from: string; to: string }>;
  /**
   * Hands every entry to `write`, oldest first, and leaves the entry `audit.export` with their number.
   * @throws AUDIT_QUERY_INVALID, what `write` throws
   */
  export(
    options: AuditFilter & {
      signal?: AbortSignal | undefined;
      write: (entry: AuditDocument) => Promise<void>;
    },
    call?: Partial<AuditCall>,
  ): Promise<{ entries: number }>;
  /** Signs a file of an export with the key of checkpoints. */
  signExport(file: SignedFile, call?: Partial<AuditCall>): Promise<{ note: string; verifier: string }>;
  /** Proves to anybody that an entry stands in its trail. @throws AUDIT_ENTRY_NOT_FOUND */
  prove(query: ProofQuery, call?: Partial<AuditCall>): Promise<AuditProof>;
  /** Sequences everything that is staged now. */
  sequence(): Promise<void>;
}

/** What is to be verified; anchors are signed notes that were kept outside of the database. */
export type VerificationOptions = Omit<VerifyOptions, 'sequencerRole' | 'trust'> & {
  anchors?: readonly string[] | undefined;
};

/** What the room needs of the installation. */
export interface AuditSource {
  database: AuditDatabase<AuditTransaction>;
  sequencerRole: string;
  keys: readonly AuditKey[];
  signing: SigningSecret;
  /** Where trails are archived; without it nothing is sealed. */
  archive?: ArchiveOptions | undefined;
  /** Refuses the trail of an organization that may not go to the archive. */
  mayArchive?: ((organization: string) => Promise<void>) | undefined;
  listen: OpenListener;
  onFailure: (error: unknown) => void;
  /** Completes the facts of a call with the defaults. */
  call: (call: Partial<AuditCall> | undefined) => AuditCall;
}

export function auditVerbs(source: AuditSource): AuditVerbs {
  const { database, sequencerRole, onFailure } = source;
  const sequencing = { database, role: sequencerRole, keys: source.keys };
  const sequence = () => sequenceAll(sequencing, onFailure);
  /** Only if what is staged may belong to an answer, and then only the trail that is read, where it is one. */
  const sequenceFor = async (filter: AuditFilter): Promise<void> => {
    requireFilter(filter);
    const { organization } = filter;
    const awaits = await database.transaction(async (tx) => {
      const role = becomeSequencer(tx, sequencerRole);
      const [, found] = await Promise.all([role, awaitsEntries(tx, organization, marksOf(filter))]);
      return found;
    });
    if (awaits) await sequenceAll({ ...sequencing, organization }, onFailure);
  };
  const archive = archiveVerbs(source, sequence);
  const signing = { database, role: sequencerRole, secret: source.signing, anchor: archive.anchor };
  const sign = (options: SigningOptions): Promise<SigningRound> => signCheckpoints(signing, options);
  const reader = (call: Partial<AuditCall> | undefined): AuditReader => {
    const { principal, via, reason, requestId } = source.call(call);
    return { actor: principal, via, reason, requestId };
  };
  return {
    query: async (query = {}, call) => {
      await sequenceFor(query);
      return database.transaction((tx) => queryAudit(tx, query, reader(call)));
    },
    tail: async function* (options = {}, call) {
      if (options.since !== undefined || options.sinceSeq !== undefined) await sequence();
      yield* tailAudit({ database, listen: source.listen, onFailure }, options, reader(call));
    },
    ...archive.verbs,
    verify: async ({ anchors: given = [], ...options } = {}) => {
      await sequence();
      const kept = await archive.anchor();
      const anchors = kept === undefined ? given : [...given, kept];
      const trust = await gatherTrust({ database, secret: source.signing, keys: source.keys }, anchors);
      return verifyTrails(database, { ...options, sequencerRole, trust });
    },
    checkpoint: async (options = {}) => {
      await sequence();
      return roundDocument(await sign(options), source.signing, database);
    },
    checkpoints: (options = {}) => listNewest(database, options.organization),
    rotateSigner: async (call) => {
      const { round: _, ...rotated } = await rotateSigner(signing, reader(call), sequence);
      return rotated;
    },
    export: async ({ write, signal, ...filter }, call) => {
      await sequence();
      let entries = 0;
      const all = { ...filter, since: filter.since ?? new Date(0), signal };
      for await (const entry of tailAudit({ database, onFailure }, all, reader(call))) {
        if (filter.until !== undefined && Date.parse(entry.sequenced_at) >= filter.until.getTime()) continue;
        await write(entry);
        entries += 1;
      }
      signal?.throwIfAborted();
      await database.transaction((tx) =>
        recordReading(tx, reader(call), filter, { entries }, 'audit.export'),
      );
      return { entries };
    },
    signExport: (file) => signExport(database, source.signing, file),
    prove: async (query, call) => {
      await sequence();
      await sign({ organization: query.organization });
      const filter = { organization: query.organization };
      await database.transaction((tx) => recordReading(tx, reader(call), filter, { seq: query.seq }));
      return proveEntry(database, source.signing, query);
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
