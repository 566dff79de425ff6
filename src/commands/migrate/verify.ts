import { isolationChecks } from '../../core/db/index.js';
import { type Finding, readMigrationState, testIsolation } from '../../core/index.js';
import { findTarget } from '../open.js';
import { reportAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context) => {
  const { options } = await findTarget(context);
  const state = await readMigrationState(options);
  const findings: Finding[] = state.drift.map((id) => ({
    id: 'migration.drift',
    severity: 'fail',
    what: `Migration ${id} differs from the one that was applied`,
    fix: 'Install the release that applied it',
  }));
  if (state.pending.length > 0) {
    findings.push({
      id: 'migration.pending',
      severity: 'fail',
      what: `${state.pending.length} migrations are pending`,
      fix: 'dartwing migrate up',
    });
  } else {
    const test = await testIsolation(options);
    for (const { check, object } of test.findings) {
      findings.push({
        id: check,
        severity: 'fail',
        what: `${isolationChecks[check] ?? check}: ${object}`,
        fix: 'dartwing migrate up --repair-policies',
      });
    }
  }
  const summary = { pass: state.applied.length - state.drift.length, warn: 0, fail: findings.length };
  return reportAnswer(
    {
      api_version: 'dartwing/v1',
      kind: 'Report',
      check: 'migrate.verify',
      ok: findings.length === 0,
      findings,
      summary,
    },
    `${state.applied.length} migrations and the isolation of tenants`,
  );
};
