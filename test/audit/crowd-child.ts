/** One of many processes that write and sequence entries of many organizations until their turns are over. */
import { sequenceOnce, stageAuditMany } from '../../src/core/audit/index.js';
import { openDatabase } from '../../src/core/db/index.js';
import { describeInstallation } from '../../src/core/options.js';

const [url, masterKey, organizations, turns, child] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const installation = describeInstallation({ url, masterKey, poolConnectionsMax: 3 });
const database = openDatabase({ ...installation.database, ringAudit: () => {}, onFailure: () => {} });

async function work(): Promise<void> {
  for (let turn = 0; turn < Number(turns); turn++) {
    const number = ((turn * 7 + Number(child) * 13) % Number(organizations)) + 1;
    const organization = `ORG-2026-${String(number).padStart(5, '0')}`;
    const entries = Array.from({ length: 3 }, (_, n) => ({
      action: 'update',
      actor: { type: 'person', id: `PERSON-2026-${child}` },
      via: 'job' as const,
      ref: { doctype: 'Task', name: `${turn}-${n}` },
    }));
    await database.asOrg(organization, (tx) => stageAuditMany(tx, entries));
    process.stdout.write('3\n');
    await sequenceOnce({
      database: { transaction: (work) => database.asMachinery(work) },
      role: database.roles.sequencer,
      keys: [installation.keyring.auditKey],
    });
  }
  await database.close();
}

void work();
