/** Gathers who is believed and what is kept outside of the database. */
import { DartwingError } from '../../errors.js';
import type { AuditDatabase, AuditKey } from '../ports.js';
import { believedEpochs } from './epoch.js';
import type { Anchor, Trust } from './expected.js';
import { isSigned, type ParsedNote, parseNotes } from './note.js';
import { listEpochs, readDeployment } from './queries.js';
import { readOrigin, type SigningSecret, trustedVerifiers } from './signer.js';

export interface TrustSource {
  readonly database: AuditDatabase;
  readonly secret: SigningSecret;
  readonly keys: readonly AuditKey[];
}

/**
 * @param anchors signed notes from outside of the database, one after another
 * @throws AUDIT_ANCHOR_INVALID when a text holds anything but notes of this deployment, signed by its keys
 */
export async function gatherTrust(
  { database, secret, keys }: TrustSource,
  anchors: readonly string[] = [],
): Promise<Trust> {
  const { state, epochs } = await database.transaction(async (tx) => ({
    state: await readDeployment(tx),
    epochs: await listEpochs(tx),
  }));
  const { deployment, signer } = state;
  // One more than the database tells of: it may be older than the anchors.
  const verifiers = trustedVerifiers(secret, deployment, (signer?.generation ?? 0) + 1);
  const byOrganization = new Map<string, Anchor[]>();
  for (const note of anchors.flatMap(readNotes)) {
    const named = readOrigin(note.origin, deployment);
    if (named === undefined)
      throw new DartwingError('AUDIT_ANCHOR_INVALID', {
        message: `${note.origin} is not of this deployment`,
      });
    if (!isSigned(note, verifiers))
      throw new DartwingError('AUDIT_ANCHOR_INVALID', {
        message: `${note.origin} is signed by none of our keys`,
      });
    const list = byOrganization.get(named.organization) ?? [];
    list.push({ epoch: named.epoch, size: note.size, root: note.root });
    byOrganization.set(named.organization, list);
  }
  for (const list of byOrganization.values()) list.sort((a, b) => a.size - b.size);
  return { deployment, verifiers, epochs: believedEpochs(epochs, keys), anchors: byOrganization };
}

function readNotes(text: string): ParsedNote[] {
  const notes = parseNotes(text);
  if (notes === undefined || notes.length === 0)
    throw new DartwingError('AUDIT_ANCHOR_INVALID', {
      message: 'it holds no signed notes, or something else besides',
    });
  return notes;
}
