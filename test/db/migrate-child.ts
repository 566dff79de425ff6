/** A process that migrates on the order of a test; `MIGRATE_SQL` becomes one more migration at the end. */
import { type MigrateOptions, migrateUp } from '../../src/core/db/migrate.js';
import { migrations } from '../../src/core/db/migrations/index.js';

const { MIGRATE_OPTIONS = '', MIGRATE_SQL } = process.env;
const last = migrations.at(-1)!.id;
const known =
  MIGRATE_SQL === undefined
    ? migrations
    : [...migrations, { id: last + 1, name: 'next', breaking: false, sql: MIGRATE_SQL }];
migrateUp(JSON.parse(MIGRATE_OPTIONS) as MigrateOptions, known).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
