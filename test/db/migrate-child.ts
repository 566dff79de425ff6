/** A process that migrates on the order of a test, and says when it is about to begin. */
import { type MigrateOptions, migrateUp } from '../../src/core/db/migrate.js';

const options = JSON.parse(process.env.MIGRATE_OPTIONS ?? '') as MigrateOptions;
process.stdout.write('begin\n');
migrateUp(options).then(
  (run) => process.stdout.write(`${JSON.stringify(run)}\n`),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
