/**
 * After an older copy of the database was put back, and the archive cannot give back what is missing: the operator
 * declares the lost entries as lost, once. A new epoch begins; every trail that lost entries, and that of the deployment,
 * gets the entry `audit.restored`.
 */
import { systemOrganization } from '../entry.js';
import type { AuditDatabase, AuditKey, AuditTransaction } from '../ports.js';
import { stageAudit } from '../staging.js';
import { becomeSequencer } from '../write-queries.js';
import { epochMac } from './epoch.js';
import type { Trust } from './expected.js';
import { insertEpoch, readDeployment, readNewestCheckpoint } from './queries.js';
import type { Act } from './rotate.js';
import { deploymentLog } from './signer.js';

export interface Recovered {
  epoch: number;
  /** What was signed of each organization and is not there any more. */
  lost: { organization: string; kept: number; lost: number }[];
}

interface Evidence {
  /** With the checkpoints that tell of what was lost. */
  readonly trust: Trust;
  /** How many entries of each trail the archive has. */
  readonly archived: ReadonlyMap<string, number>;
  readonly role: string;
  readonly key: AuditKey;
}

/** Declares what checkpoints and the archive tell of, and is not there, as lost. */
export async function recoverTrails(
  database: AuditDatabase<AuditTransaction>,
  { trust, archived, role, key }: Evidence,
  act: Act,
): Promise<Recovered> {
  return database.transaction(async (tx) => {
    const { epoch: before } = await readDeployment(tx);
    const epoch = before + 1;
    const lost: Recovered['lost'] = [];
    for (const organization of new Set([...trust.anchors.keys(), ...archived.keys()])) {
      if (organization === deploymentLog) continue;
      // Entries may have been written since, under the numbers of lost ones: only what was signed is the same.
      const kept = (await readNewestCheckpoint(tx, organization))?.size ?? 0;
      const sizes = (trust.anchors.get(organization) ?? []).map(({ size }) => size);
      const known = Math.max(...sizes, archived.get(organization) ?? 0);
      if (known > kept) lost.push({ organization, kept, lost: known - kept });
    }
    const log = await readNewestCheckpoint(tx, deploymentLog);
    const logSize = log?.size ?? 0;
    const logAnchors = trust.anchors.get(deploymentLog) ?? [];
    const logKnown = Math.max(archived.get(deploymentLog) ?? 0, ...logAnchors.map(({ size }) => size));
    const logLost = Math.max(0, logKnown - logSize);
    const named = [...lost.map(({ organization }) => organization), systemOrganization];
    for (const organization of new Set(named)) {
      const facts = lost.find((one) => one.organization === organization);
      await stageAudit(tx, {
        ...act,
        organization,
        action: 'audit.restored',
        ref: { doctype: 'Audit Trail', name: organization },
        new: { epoch, from_size: facts?.kept ?? null, lost: facts?.lost ?? 0 },
      });
    }
    await becomeSequencer(tx, role);
    const rows = [...lost, { organization: deploymentLog, kept: logSize, lost: logLost }];
    for (const row of rows) await insertEpoch(tx, { ...row, epoch, mac: epochMac(key, { ...row, epoch }) });
    return { epoch, lost };
  });
}
