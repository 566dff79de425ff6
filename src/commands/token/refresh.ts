import { actOnEach, bulkAnswer, callOfMany } from '../bulk.js';
import { durationFlag } from '../flag-values.js';
import { readIds } from '../ids.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { idsOf, openWithProviders, requireOneChoice } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const expiringMs = durationFlag(flags, 'expiring');
  const given = await readIds(context, args.token);
  requireOneChoice(
    [given.length > 0, flags.all === true, expiringMs !== undefined],
    '<token>, --expiring or --all',
  );
  const dartwing = await openWithProviders(context);
  const call = callOfMany(context);
  const ids = given.length > 0 ? given : await idsOf(context, dartwing, expiringMs);
  const words = { op: 'token.refresh', title: 'Renewing tokens', past: 'renewed', total: ids.length };
  const many = await actOnEach(context, ids, words, async (id) => {
    const { failed } = await dartwing.tokens.refresh(organization, [id], call);
    if (failed[0] !== undefined) throw failed[0].error;
  });
  return bulkAnswer(context, many, words);
};
