/**
 * An installation with roles of its own, for tests that break roles or try to: those of the other test files belong
 * to the same server.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { type DartwingOptions, migrateInstallation } from '../../src/core/index.js';
import { createTestDatabase, type TestDatabase, testOptions } from './database.js';
import { atEnd } from './ending.js';

export interface TestInstallation {
  database: TestDatabase;
  options: DartwingOptions;
  rolePrefix: string;
}

/** A role prefix nobody else has; the roles are dropped at the end of the file, after its databases. */
export function createRolePrefix(): string {
  const prefix = `test_${randomBytes(4).toString('hex')}`;
  // Hooks at the end run in reverse order: what is registered before the databases runs after them.
  atEnd(async () => {
    const admin = new pg.Client({ connectionString: inject('serverUrl') });
    await admin.connect();
    const { rows } = await admin.query<{ name: string }>(
      'select quote_ident(rolname) as name from pg_roles where starts_with(rolname, $1)',
      [`${prefix}_`],
    );
    // A database that was kept for inspection keeps its roles too.
    for (const { name } of rows) await admin.query(`drop role ${name}`).catch(() => {});
    await admin.end();
  });
  return prefix;
}

/** A migrated database of its own with roles of its own. */
export async function createTestInstallation(more: Partial<DartwingOptions> = {}): Promise<TestInstallation> {
  const rolePrefix = createRolePrefix();
  const database = await createTestDatabase({ empty: true });
  const options = testOptions(database, { rolePrefix, ...more });
  await migrateInstallation(options);
  return { database, options, rolePrefix };
}
