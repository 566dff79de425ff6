/** How checkpoints look outside. */
import type { AuditDatabase } from '../ports.js';
import { listTrails } from '../read-queries.js';
import { parseNote, verifierText } from './note.js';
import { readDeployment, readNewestCheckpoint, type StoredCheckpoint } from './queries.js';
import type { SigningRound } from './round.js';
import { deploymentLog, type SigningSecret, trustedVerifiers } from './signer.js';

/** What a round signed. `note` is the newest checkpoint of the log over all organizations, null before the first. */
export interface SigningDocument {
  api_version: 'dartwing/v1';
  kind: 'AuditSigning';
  signed: number;
  refused: { organization: string; what: string }[];
  note: string | null;
  /** Keys in use and before, the newest last: what an auditor pins. */
  verifiers: string[];
  [key: string]: unknown;
}

/** A checkpoint as it is shown. */
export interface CheckpointDocument {
  organization: string;
  epoch: number;
  size: number;
  root: string;
  origin: string;
  note: string;
  [key: string]: unknown;
}

export interface CheckpointList {
  api_version: 'dartwing/v1';
  kind: 'AuditCheckpointList';
  items: CheckpointDocument[];
  total_count: number;
}

export async function roundDocument(
  { signed, refused, note }: SigningRound,
  secret: SigningSecret,
  database: AuditDatabase,
): Promise<SigningDocument> {
  const { deployment, signer } = await database.transaction(readDeployment);
  const verifiers = trustedVerifiers(secret, deployment, signer?.generation ?? 0).map(verifierText);
  return {
    api_version: 'dartwing/v1',
    kind: 'AuditSigning',
    signed,
    refused: [...refused],
    note: note ?? null,
    verifiers,
  };
}

/** The newest checkpoint of one trail, or of the log and every trail. */
export async function listNewest(
  database: AuditDatabase,
  organization: string | undefined,
): Promise<CheckpointList> {
  const items = await database.transaction(async (tx) => {
    const wanted = organization === undefined ? [deploymentLog, ...(await listTrails(tx))] : [organization];
    const found: CheckpointDocument[] = [];
    for (const one of wanted) {
      const checkpoint = await readNewestCheckpoint(tx, one);
      if (checkpoint !== undefined) found.push(checkpointDocument(checkpoint));
    }
    return found;
  });
  return { api_version: 'dartwing/v1', kind: 'AuditCheckpointList', items, total_count: items.length };
}

function checkpointDocument({ organization, epoch, size, root, note }: StoredCheckpoint): CheckpointDocument {
  return {
    organization,
    epoch,
    size,
    root: root.toString('base64'),
    origin: parseNote(note)?.origin ?? '',
    note,
  };
}
