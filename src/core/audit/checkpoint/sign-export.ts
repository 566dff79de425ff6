/** Signatures of exports: a note as those of checkpoints, under a name that no trail has. */
import type { AuditDatabase } from '../ports.js';
import { signCheckpoint, verifierText } from './note.js';
import { readDeployment } from './queries.js';
import { type SigningSecret, signingKey } from './signer.js';

/** A file that is to be signed: SHA-256 of its bytes and the number of entries in it. */
export interface SignedFile {
  readonly entries: number;
  readonly sha256: Buffer;
}

/** The note has the lines `dartwing-export/<deployment>`, the number of entries and the hash in base64. */
export async function signExport(
  database: AuditDatabase,
  secret: SigningSecret,
  { entries, sha256 }: SignedFile,
): Promise<{ note: string; verifier: string }> {
  const { deployment, signer } = await database.transaction(readDeployment);
  const { verifier, privateKey } = signingKey(secret, deployment, signer?.generation ?? 1);
  const statement = { origin: `dartwing-export/${deployment}`, size: entries, root: sha256 };
  return { note: signCheckpoint(statement, verifier, privateKey), verifier: verifierText(verifier) };
}
