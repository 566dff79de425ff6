/** The verbs on the archive, as callers see them. */
import { DartwingError } from '../../errors.js';
import { auditBounds } from '../bounds.js';
import { type Recovered, recoverTrails } from '../checkpoint/recover.js';
import type { Act } from '../checkpoint/rotate.js';
import { signCheckpoints } from '../checkpoint/round.js';
import { deploymentLog } from '../checkpoint/signer.js';
import { gatherTrust } from '../checkpoint/trust.js';
import { systemOrganization } from '../entry.js';
import type { AuditCall, AuditSource } from '../room.js';
import { stageAudit } from '../staging.js';
import { type AuditVerification, reportOf } from '../verify.js';
import { archivedSizes, newestAnchor } from './catalogue.js';
import { type OfflineOptions, verifyArchive } from './offline.js';
import { openArchive } from './place.js';
import { type Restored, restoreTrails } from './restore.js';
import { type SealingRound, sealTrails } from './seal.js';
import type { ArchiveStore, PlaceFinding } from './store.js';

export interface SealOptions {
  organization?: string | undefined;
  onProgress?: ((entries: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface ArchiveVerbs {
  /** Whether there is a place to seal to. */
  readonly hasArchive: boolean;
  /**
   * Signs what is new and seals everything that is signed into the archive.
   * @throws ARCHIVE_NOT_SET, ARCHIVE_UNFIT, ARCHIVE_UNAVAILABLE, AUDIT_LOG_REFUSED
   */
  seal(options?: SealOptions, call?: Partial<AuditCall>): Promise<SealingRound>;
  /** What is wrong with the place of the archive. @throws ARCHIVE_NOT_SET, ARCHIVE_UNAVAILABLE */
  checkArchive(
    call?: Partial<AuditCall>,
  ): Promise<{ place: string; immutable: boolean; findings: PlaceFinding[] }>;
  /** Verifies from the archive alone. @throws ARCHIVE_NOT_SET, ARCHIVE_UNAVAILABLE, AUDIT_ANCHOR_INVALID */
  verifyArchive(
    options?: Pick<OfflineOptions, 'organizations' | 'signal' | 'onProgress'> & {
      anchors?: readonly string[];
    },
  ): Promise<AuditVerification>;
  /** Puts back what the database lost and the archive has. @throws ARCHIVE_NOT_SET, ARCHIVE_TRAIL_REFUSED */
  restore(options?: { signal?: AbortSignal | undefined }, call?: Partial<AuditCall>): Promise<Restored>;
  /** Declares what was signed and is gone as lost; a new epoch begins. @throws AUDIT_ANCHOR_INVALID */
  recover(options?: { anchors?: readonly string[] }, call?: Partial<AuditCall>): Promise<Recovered>;
}

/** @param sequence puts what is staged into the trails */
export function archiveVerbs(
  source: AuditSource,
  sequence: () => Promise<void>,
): { verbs: ArchiveVerbs; anchor: () => Promise<string | undefined> } {
  const { database, sequencerRole: role, archive: options, signing: secret } = source;
  let store: ArchiveStore | undefined;
  const opened = () => {
    if (options === undefined) throw new DartwingError('ARCHIVE_NOT_SET');
    store ??= openArchive(options);
    return { store, options };
  };
  let remembered: { note: string | undefined; until: number } | undefined;
  /** The newest checkpoint of the log in the archive. Somebody may take it away there, but not make another. */
  const anchor = async (): Promise<string | undefined> => {
    if (options === undefined) return undefined;
    const now = await database.transaction(async (tx) => tx.clock.now());
    if (remembered === undefined || remembered.until < now.getTime())
      remembered = {
        note: await newestAnchor(opened().store, now),
        until: now.getTime() + auditBounds.anchorMs,
      };
    return remembered.note;
  };
  const actOf = (call: Partial<AuditCall> | undefined): Act => {
    const { principal, via, reason, requestId } = source.call(call);
    return { actor: principal, via, reason, requestId };
  };
  const record = (call: Partial<AuditCall> | undefined, action: string, facts: Record<string, unknown>) =>
    database.transaction((tx) =>
      stageAudit(tx, {
        ...actOf(call),
        organization: systemOrganization,
        action,
        ref: { doctype: 'Audit Archive', name: store?.name ?? '' },
        new: facts,
      }),
    );
  const trusted = (anchors: readonly string[]) =>
    gatherTrust({ database, secret, keys: source.keys }, anchors);

  const verbs: ArchiveVerbs = {
    hasArchive: options !== undefined,
    seal: async ({ organization, onProgress, signal } = {}, call) => {
      const parts = opened();
      await sequence();
      await signCheckpoints({ database, role, secret, anchor }, { organization });
      const round = await sealTrails(
        { database, role, secret, ...parts, mayArchive: source.mayArchive },
        {
          organization,
          ...(onProgress === undefined ? {} : { onProgress }),
          ...(signal === undefined ? {} : { signal }),
        },
      );
      remembered = undefined;
      // An entry about the deployment's own trail alone would be the next thing to seal, for ever.
      if (round.trails.some((trail) => trail !== systemOrganization && trail !== deploymentLog))
        await record(call, 'audit.seal', {
          segments: round.segments,
          entries: round.entries,
          bytes: round.bytes,
        });
      return round;
    },
    checkArchive: async () => {
      const { store: place } = opened();
      return { place: place.name, immutable: place.isImmutable, findings: await place.check() };
    },
    verifyArchive: async ({ anchors = [], ...rest } = {}) => {
      const parts = opened();
      const trust = await trusted(anchors);
      const result = await verifyArchive(
        parts.store,
        { ...rest, verifiers: trust.verifiers, anchors: trust.anchors },
        parts.options,
      );
      return reportOf(result);
    },
    restore: async ({ signal } = {}, call) => {
      const parts = opened();
      await sequence();
      const { verifiers } = await trusted([]);
      const restored = await restoreTrails({ database, role, verifiers, ...parts }, signal);
      if (restored.entries > 0 || restored.checkpoints > 0)
        await record(call, 'audit.restore', { entries: restored.entries, trails: restored.trails });
      return restored;
    },
    recover: async ({ anchors = [] } = {}, call) => {
      await sequence();
      const kept = await anchor();
      const trust = await trusted(kept === undefined ? anchors : [...anchors, kept]);
      const archived =
        options === undefined ? new Map<string, number>() : await archivedSizes(opened().store);
      const recovered = await recoverTrails(
        database,
        { trust, archived, role, key: source.keys[0]! },
        actOf(call),
      );
      await sequence();
      return recovered;
    },
  };
  return { verbs, anchor };
}
