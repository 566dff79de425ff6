/** Setting up and looking at an installation, before and beside opening it. */
import { type MissingIndex, missingIndexes } from './access/index.js';
import { stageAudit, systemOrganization } from './audit/index.js';
import {
  type Database,
  type MigrationRun,
  type MigrationState,
  migrateUp,
  migrationState,
  openDatabase,
  requireMasterKey,
  runSelfTest,
  type SelfTest,
  type Tx,
} from './db/index.js';
import { buildIndexes, openRegistry, unbuiltIndexes } from './documents/index.js';
import { type DartwingOptions, describeInstallation } from './options.js';
import { seedRoles } from './people/index.js';

export interface MigrateChoices {
  to?: number | undefined;
  allowBreaking?: boolean | undefined;
  repairPolicies?: boolean | undefined;
  lockMs?: number | undefined;
  onProgress?: ((done: number, total: number, name: string) => void) | undefined;
}

/**
 * Migrates the database of `options.url` (whose role may create roles and schemas), seeds the role templates, records it
 * in the audit trail and builds the indexes that doctypes declare. Safe to run again and in several processes at once.
 * @throws as `migrateUp`
 */
export async function migrateInstallation(
  options: DartwingOptions,
  choices: MigrateChoices = {},
): Promise<MigrationRun> {
  const { url, schema, rolePrefix, keyring, database: settings } = describeInstallation(options);
  const run = await migrateUp({
    url,
    schema,
    rolePrefix,
    passwords: keyring.rolePasswords,
    masterKeyFingerprint: keyring.fingerprint,
    contextKey: keyring.contextKey,
    sealedContext: options.sealedContext,
    ...choices,
  });
  if (run.pending > 0) return run;
  const database = openDatabase({ ...settings, ringAudit: () => {} });
  try {
    await database.asMachinery(async (tx) => {
      const seeded = await seedRoles(tx);
      if (run.applied.length + run.stamped.length + seeded === 0 && !run.sealChanged) return;
      await stageAudit(tx, {
        organization: systemOrganization,
        action: 'migrate',
        actor: options.principal ?? { type: 'service', id: 'library' },
        via: options.via ?? 'library',
        ref: { doctype: 'Installation', name: schema },
        old: { schema: run.from },
        new: {
          schema: run.to,
          stamped: run.stamped,
          roles_seeded: seeded,
          sealed_context: run.sealedContext,
        },
      });
    });
    await buildIndexes((work) => database.asMachinery(work), openRegistry(options.doctypes));
  } finally {
    await database.close();
  }
  return run;
}

/** Which migrations are applied. @throws DATABASE_* */
export function readMigrationState(options: DartwingOptions): Promise<MigrationState> {
  return migrationState(options.url, options.schema ?? 'dartwing');
}

/**
 * Whether the master key is the one that the database was set up with; of one that was not, whether its roles are free.
 * @throws MASTER_KEY_*, ROLE_TAKEN, DATABASE_*
 */
export async function checkMasterKey(options: DartwingOptions): Promise<void> {
  const { url, schema, rolePrefix, keyring } = describeInstallation(options);
  await requireMasterKey({ url, schema, rolePrefix, masterKeyFingerprint: keyring.fingerprint });
}

/** Declared indexes that the database lacks, for doctor. @throws DATABASE_* */
export function findMissingIndexes(options: DartwingOptions): Promise<MissingIndex[]> {
  return inspect(options, (tx) => missingIndexes(tx));
}

/** Indexes that doctypes declare and lists cannot use yet, as `Task.status`, for doctor. @throws DATABASE_* */
export function findUnbuiltIndexes(options: DartwingOptions): Promise<string[]> {
  const registry = openRegistry(options.doctypes);
  return inspect(options, (tx) => unbuiltIndexes(tx, registry));
}

/** The self-test of isolation, for doctor: findings instead of a refusal. @throws DATABASE_* */
export function testIsolation(options: DartwingOptions): Promise<SelfTest> {
  return inspect(options, (tx, { schema, roles }) => runSelfTest(tx, schema, roles));
}

/** One look at an installation, without opening the rest of it. */
async function inspect<T>(
  options: DartwingOptions,
  look: (tx: Tx, database: Database) => Promise<T>,
): Promise<T> {
  const { database: settings } = describeInstallation(options);
  const database = openDatabase({ ...settings, ringAudit: () => {} });
  try {
    return await database.asMachinery((tx) => look(tx, database));
  } finally {
    await database.close();
  }
}
