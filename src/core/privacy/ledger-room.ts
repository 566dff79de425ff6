/** The ledger of erasures as callers see it. */
import { authorize, type CallOptions, type Change, type Session } from '../access/index.js';
import type { ArchiveStore } from '../audit/index.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type ErasingParts, type ErasureDocument, eraseSubject } from './erase.js';
import { findUnreplayed, isUnreplayed, type LedgerLine, writeLedger } from './ledger.js';
import { countUnledgered } from './ledger-queries.js';

/** How ledger and database stand to each other. */
export interface LedgerStatus {
  /** Where the ledger is; null where there is no archive, and so no ledger. */
  place: string | null;
  /** Erasures that the ledger should have had for an hour. */
  late: number;
  /** Persons of this database that the ledger says were erased. */
  pending: LedgerLine[];
}

export interface Ledger {
  /** @throws ARCHIVE_UNAVAILABLE, PERMISSION_DENIED */
  status(call?: CallOptions): Promise<LedgerStatus>;
  /** Writes what the ledger lacks; nothing where there is none. @throws ARCHIVE_UNAVAILABLE, PERMISSION_DENIED */
  write(call?: CallOptions): Promise<{ written: number; refused: string[] }>;
  /**
   * Erases a person again whom a database has that was put back; what stands in the way of an erasure stands in the way of
   * this one. @throws as erasing, ERASURE_NOT_FOUND (no line of the ledger, or erased here too), ARCHIVE_NOT_SET
   */
  replay(line: LedgerLine, call?: CallOptions): Promise<Change<ErasureDocument>>;
}

export interface LedgerParts {
  session: Session;
  transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  place: () => ArchiveStore | undefined;
  mayLeave: (organization: string) => Promise<void>;
  erasing: () => ErasingParts;
}

export function openLedger({ session, transaction, place, mayLeave, erasing }: LedgerParts): Ledger {
  const source = () => {
    const opened = place();
    return opened === undefined ? undefined : { transaction, place: opened };
  };
  const allowed = (call: CallOptions | undefined) =>
    session.run('person ledger', call, async (scope) => {
      authorize(scope, 'administer', { doctype: 'Person', name: '*' });
      return scope.clock.now();
    });
  return Object.freeze({
    status: async (call) => {
      const now = await allowed(call);
      const ledger = source();
      if (ledger === undefined) return { place: null, late: 0, pending: [] };
      const late = await transaction((tx) =>
        countUnledgered(tx, new Date(now.getTime() - limits.ledgerLateMs)),
      );
      return { place: ledger.place.name, late, pending: await findUnreplayed(ledger, { all: true }) };
    },
    write: async (call) => {
      await allowed(call);
      const ledger = source();
      return ledger === undefined ? { written: 0, refused: [] } : writeLedger(ledger, mayLeave);
    },
    // No key: the answer would be kept for a day, and the person is in it.
    replay: async (line, { idempotencyKey: _, ...call } = {}) => {
      await allowed(call);
      const ledger = source();
      if (ledger === undefined) throw new DartwingError('ARCHIVE_NOT_SET');
      const { person, erased_at } = line;
      if (!(await isUnreplayed(ledger, line))) throw new DartwingError('ERASURE_NOT_FOUND', { person });
      return session.run('person replay', call, (scope) =>
        eraseSubject(scope, erasing(), person, new Date(erased_at)),
      );
    },
  } satisfies Ledger);
}
