import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.js';
import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { labelsText } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const call = callOf(context);
  const rule = await dartwing.alerts.rule(args.rule as string, call);
  const alerts = (await dartwing.alerts.list({}, call)).items.filter((alert) => alert.rule === rule.id);
  const file = join(packageRoot(), rule.runbook);
  const runbook = existsSync(file) ? readFileSync(file, 'utf8') : null;
  const { palette } = context.io.out;
  const lines = [
    `${palette.bold(rule.id)}  ${rule.summary}${rule.enabled ? '' : palette.dim(' (switched off)')}`,
    '',
    ...rule.levels.map(
      (level) =>
        `  ${level.severity.padEnd(9)} ${level.promql}${level.for_seconds === 0 ? '' : `, for ${level.for_seconds} s`}` +
        `  ${palette.dim(level.channels.length === 0 ? 'nobody is told' : level.channels.join(', '))}`,
    ),
    '',
    ...(alerts.length === 0
      ? ['Nothing fires by it.']
      : alerts.map(
          ({ state, severity, labels, value, since, quiet }) =>
            `${palette.yellow(state)}  ${severity}  ${labelsText(labels)}  ${value}  since ${since}${quiet === null ? '' : `  ${quiet}`}`,
        )),
    ...(runbook === null ? [] : ['', runbook.trimEnd()]),
  ];
  return {
    document: { api_version: 'dartwing/v1', ...rule, alerts, instructions: runbook },
    table: { columns: [], sentence: lines.join('\n') },
  };
};
