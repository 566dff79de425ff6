/** The words for what verification found. */

/**
 * Classes of faults. `fork`: consistent in itself, but not what was signed. `forgery`: a checkpoint that we did not
 * sign. `backlog` and `restored` are no tampering: staged entries that nobody sequenced, and entries that an operator
 * declared as lost. In an archive: `orphan` is an object without a manifest, `shadow` one over which somebody put another
 * version or a delete marker, `unprotected` one that is not locked as it should be.
 */
export type FaultKind =
  | 'change'
  | 'deletion'
  | 'insertion'
  | 'reordering'
  | 'truncation'
  | 'fork'
  | 'forgery'
  | 'backlog'
  | 'restored'
  | 'orphan'
  | 'shadow'
  | 'unprotected';

/** The first fault of a trail. Hashes are hexadecimal. */
export interface Fault {
  readonly kind: FaultKind;
  /** Number of the first entry that is wrong, missing or too many. */
  readonly seq: number;
  readonly what: string;
  /** Document that the entry tells of, as `doctype/name`, when there is an entry to ask. */
  readonly ref?: string;
  readonly expected?: string;
  readonly found?: string;
}

/** What an operator does about a fault of each kind. */
export const faultRemedies: Readonly<Record<FaultKind, string>> = {
  change: 'Restore a copy of the database from before the change beside this one and compare the named entry',
  deletion:
    'Restore a copy of the database from before the deletion beside this one and read the missing entries',
  insertion:
    'Find out who can write to the database besides the sequencer; the entry is not one of the trail',
  reordering: 'Restore a copy of the database from before beside this one and compare the named entries',
  truncation:
    'Where an archive has them: dartwing audit restore --reason "…". Else restore a copy of the database from before beside this one and read the missing entries',
  fork: 'The trail was rewritten with its hashes: read the named entries in the archive or in a copy from before',
  forgery: 'Find out who can write checkpoints without the key, or name a former key as an audit_verifier',
  restored: 'Nothing, if the older copy of the database was put back on purpose',
  orphan: 'Nothing: a process died while it sealed, and the next one wrote the segment again',
  shadow: 'Find out who writes to the bucket besides dartwing; the oldest version still counts',
  unprotected: 'Set the default retention of the bucket, and the retention of the named object',
  backlog: 'Check that a process with the sequencer runs and has the key of the staged entries',
};
