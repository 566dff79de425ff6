/**
 * The next generation of the signing key. It is announced in the trail of the deployment, under a checkpoint of the key
 * that it replaces, before anything is signed with it.
 */
import { type AuditActor, type AuditVia, systemOrganization } from '../entry.js';
import type { AuditDatabase, AuditTransaction } from '../ports.js';
import { stageAudit } from '../staging.js';
import { becomeSequencer } from '../write-queries.js';
import { verifierText } from './note.js';
import { insertSigner, readDeployment } from './queries.js';
import { type SigningRound, type SigningSource, signCheckpoints } from './round.js';
import { signingKey } from './signer.js';

/** Who acts and why. */
export interface Act {
  readonly actor: AuditActor;
  readonly via: AuditVia;
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface RotatedSigner {
  generation: number;
  from: string;
  to: string;
}

/**
 * @param sequence puts what is staged into the trails
 * @throws AUDIT_LOG_REFUSED
 */
export async function rotateSigner(
  source: Omit<SigningSource, 'database'> & { database: AuditDatabase<AuditTransaction> },
  act: Act,
  sequence: () => Promise<void>,
): Promise<RotatedSigner & { round: SigningRound }> {
  const { database, role, secret } = source;
  // There is a generation to follow upon once anything was signed.
  await sequence();
  await signCheckpoints(source);
  const { deployment, signer } = await database.transaction(readDeployment);
  const next = signingKey(secret, deployment, (signer?.generation ?? 0) + 1);
  const announced = { generation: next.generation, from: signer!.verifier, to: verifierText(next.verifier) };
  await database.transaction((tx) =>
    stageAudit(tx, {
      ...act,
      organization: systemOrganization,
      action: 'audit.signer',
      ref: { doctype: 'Audit Signer', name: String(next.generation) },
      new: announced,
    }),
  );
  await sequence();
  const round = await signCheckpoints(source, { organization: systemOrganization });
  await database.transaction(async (tx) => {
    await becomeSequencer(tx, role);
    await insertSigner(tx, { generation: next.generation, verifier: announced.to });
  });
  return { ...announced, round };
}
