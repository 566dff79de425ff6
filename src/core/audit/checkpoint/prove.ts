/** Proofs of single entries, for somebody who has neither the database nor us. */
import { DartwingError } from '../../errors.js';
import { leafHash } from '../merkle.js';
import type { AuditDatabase, Queryable } from '../ports.js';
import { readEvent } from '../read-queries.js';
import { parseNote, verifierText } from './note.js';
import { consistencyPath, inclusionPath, type Subtrees, subtreesOf } from './proof.js';
import {
  readCheckpointFrom,
  readCheckpointOf,
  readDeployment,
  readLeaves,
  readLogNotes,
  readNewestCheckpoint,
  type StoredCheckpoint,
} from './queries.js';
import { deploymentLog, type SigningSecret, trustedVerifiers } from './signer.js';

/** The document `AuditProof`. Hashes are base64; `src/auditor/check-proof.ts` checks it. */
export interface AuditProof {
  api_version: 'dartwing/v1';
  kind: 'AuditProof';
  format: 1;
  organization: string;
  seq: number;
  /** When the entry was sequenced, RFC 3339 with microseconds. */
  at: string;
  /** The exact text that was hashed, canonical JSON. */
  body: string;
  path: string[];
  /** Signed note over the tree that the path leads to. */
  checkpoint: string;
  verifier: string;
  log: { place: number; path: string[]; checkpoint: string; verifier: string };
  earlier?: { checkpoint: string; path: string[]; verifier: string };
  [key: string]: unknown;
}

/** What is to be proved: an entry, and that the trail continues an earlier checkpoint of its own. */
export interface ProofQuery {
  organization: string;
  seq: number;
  sinceSize?: number | undefined;
}

/**
 * The proof that an entry stands in the trail, from the newest checkpoint. Reads the hashes of the whole trail.
 * @throws AUDIT_ENTRY_NOT_FOUND when there is no such entry or checkpoint, or the log's own checkpoint is gone
 */
export async function proveEntry(
  database: AuditDatabase,
  secret: SigningSecret,
  query: ProofQuery,
): Promise<AuditProof> {
  const { organization, seq, sinceSize } = query;
  const missing = (number: number) =>
    new DartwingError('AUDIT_ENTRY_NOT_FOUND', { org: organization, seq: number });
  return database.transaction(async (tx) => {
    const { deployment, signer } = await readDeployment(tx);
    const checkpoint = await readCheckpointFrom(tx, organization, seq);
    const log = await readNewestCheckpoint(tx, deploymentLog);
    const event = await readEvent(tx, organization, seq);
    if (checkpoint?.place === undefined || log === undefined || event === undefined) throw missing(seq);
    const verifiers = trustedVerifiers(secret, deployment, signer?.generation ?? 1);
    const verifierFor = (note: string): string => {
      const ids = parseNote(note)?.signatures.map(({ id }) => id) ?? [];
      const verifier = verifiers.find((one) => ids.some((id) => id.equals(one.id)));
      if (verifier === undefined) throw missing(seq);
      return verifierText(verifier);
    };
    const { size } = checkpoint;
    const trail = subtreesOf(await readLeaves(tx, organization, size));
    const earlier =
      sinceSize === undefined ? undefined : await readCheckpointOf(tx, organization, { size: sinceSize });
    if (sinceSize !== undefined && (earlier === undefined || earlier.size > size)) throw missing(sinceSize);
    return {
      api_version: 'dartwing/v1',
      kind: 'AuditProof',
      format: 1,
      organization,
      seq,
      at: event.at,
      body: event.body.toString(),
      path: texts(inclusionPath(trail, seq - 1, size)),
      checkpoint: checkpoint.note,
      verifier: verifierFor(checkpoint.note),
      log: {
        place: checkpoint.place,
        path: texts(inclusionPath(await logSubtrees(tx, log), checkpoint.place - 1, log.size)),
        checkpoint: log.note,
        verifier: verifierFor(log.note),
      },
      ...(earlier === undefined
        ? {}
        : {
            earlier: {
              checkpoint: earlier.note,
              path: texts(consistencyPath(trail, earlier.size, size)),
              verifier: verifierFor(earlier.note),
            },
          }),
    };
  });
}

async function logSubtrees(tx: Queryable, log: StoredCheckpoint): Promise<Subtrees> {
  const notes = await readLogNotes(tx, log.size);
  return subtreesOf(notes.map((note) => leafHash(Buffer.from(parseNote(note)?.text ?? note))));
}

function texts(path: readonly Buffer[]): string[] {
  return path.map((hash) => hash.toString('base64'));
}
