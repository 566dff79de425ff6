import { readMigrationState } from '../../core/index.js';
import { findTarget } from '../open.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const { options } = await findTarget(context);
  const { current, required, pending, applied, drift } = await readMigrationState(options);
  const document = {
    api_version: 'dartwing/v1' as const,
    kind: 'MigrationStatus',
    current,
    latest: required,
    pending,
    applied,
    drift,
  };
  const names = pending.map(({ id, name, breaking }) => `  ${id} ${name}${breaking ? ' (breaking)' : ''}`);
  const sentence =
    pending.length === 0
      ? `The schema is at ${current}; nothing is pending`
      : [`The schema is at ${current} of ${required}; pending:`, ...names].join('\n');
  return {
    document,
    findings: flags.check === true && (pending.length > 0 || drift.length > 0),
    table: { columns: [], sentence },
    next: pending.length === 0 ? [] : ['dartwing migrate up'],
  };
};
