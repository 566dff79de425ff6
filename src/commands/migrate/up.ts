import { checkMasterKey, migrateInstallation, readMigrationState } from '../../core/index.js';
import { durationFlag, numberFlag } from '../flag-values.js';
import { findTarget } from '../open.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';

export const run: VerbRun = async (context, { flags }) => {
  const to = numberFlag(flags, 'to', 1, 100_000);
  const lockMs = durationFlag(flags, 'lockTimeout');
  const { options, isKept, data } = await findTarget(context);
  const state = await readMigrationState(options);
  // The key of a folder for trying things out must not become that of a database that somebody keeps by an accident.
  await checkMasterKey(
    isKept && data === undefined && state.current === 0 ? { ...options, masterKey: undefined } : options,
  );
  const wanted = state.pending.filter(({ id }) => to === undefined || id <= to);
  if (context.global.dryRun) {
    const document = {
      api_version: 'dartwing/v1' as const,
      kind: 'MigrationStatus',
      current: state.current,
      latest: state.required,
      pending: wanted,
      dry_run: true,
    };
    const names = wanted.map(({ id, name }) => `${id} ${name}`).join(', ') || 'nothing';
    return {
      document,
      table: { columns: [], sentence: `Would apply: ${names} (dry run: nothing was written)` },
    };
  }
  if (wanted.length > 0 || flags.repairPolicies === true) {
    await context.approve({
      danger: 'moderate',
      question: `Migrate the schema from ${state.current} to ${wanted.at(-1)?.id ?? state.current}?`,
      name: 'migrate',
    });
  }
  const progress = startProgress(context.io, { title: 'Migrating', total: wanted.length, op: 'migrate.up' });
  try {
    const run = await migrateInstallation(options, {
      to,
      lockMs,
      allowBreaking: flags.allowBreaking === true,
      repairPolicies: flags.repairPolicies === true,
      onProgress: (done, _total, name) => progress.update(done, `Migrating ${name}`),
    });
    const sentence =
      run.applied.length === 0
        ? `The schema is at ${run.to}; nothing to apply`
        : `Applied ${run.applied.map(({ id, name }) => `${id} ${name}`).join(', ')}`;
    return {
      document: { api_version: 'dartwing/v1', kind: 'MigrationRun', ...run },
      table: { columns: [], sentence },
    };
  } finally {
    progress.end();
  }
};
