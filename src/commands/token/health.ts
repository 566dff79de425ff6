import { callOf } from '../call.js';
import { readIds } from '../ids.js';
import { requireCurrent } from '../org/named.js';
import { findingsAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { openWithProviders, requireOneChoice } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const ids = await readIds(context, args.token);
  if (ids.length > 0 && flags.all === true) requireOneChoice([true, true], '<token> or --all');
  const dartwing = await openWithProviders(context);
  const { findings, checked } = await whileShown(context, 'Asking providers', () =>
    dartwing.tokens.health(organization, ids.length > 0 ? ids : undefined, callOf(context)),
  );
  return findingsAnswer(
    'token.health',
    { findings, pass: checked - findings.length },
    flags.check === true && findings.length > 0,
    `${checked} integrations work`,
  );
};
