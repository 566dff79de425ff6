import { callOf } from '../call.js';
import { readIds } from '../ids.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { openWithProviders, requireOneChoice } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const ids = await readIds(context, args.token);
  if (ids.length > 0 && flags.all === true) requireOneChoice([true, true], '<token> or --all');
  const dartwing = await openWithProviders(context);
  const { findings, checked } = await dartwing.tokens.health(
    organization,
    ids.length > 0 ? ids : undefined,
    callOf(context),
  );
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  const lines = findings.map(
    ({ severity, what, fix }) => `${severity.padEnd(4)}  ${what}\n      Fix   ${fix}`,
  );
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Report',
      check: 'token.health',
      ok: count('fail') === 0,
      findings,
      summary: { pass: checked - findings.length, warn: count('warn'), fail: count('fail') },
    },
    findings: flags.check === true && findings.length > 0,
    table: {
      columns: [],
      sentence: lines.length === 0 ? `${checked} integrations work` : lines.join('\n'),
    },
  };
};
