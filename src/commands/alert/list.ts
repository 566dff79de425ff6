import { callOf } from '../call.js';
import { timeFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { alertTable, listOf } from './answer.js';

/** Without an evaluation for so long nobody watches. */
const watchedMs = 60_000;

export const run: VerbRun = async (context, { flags }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const now = new Date();
  const { items, evaluated_at: at } = await dartwing.alerts.list(
    { since: timeFlag(flags, 'since', now) },
    callOf(context),
  );
  if (at === null || now.getTime() - Date.parse(at) > watchedMs)
    context.io.warn(
      'ALERTS_UNWATCHED',
      at === null
        ? 'No process has ever evaluated the rules: run serve, worker or up'
        : `Nobody has evaluated the rules since ${at}: run serve, worker or up`,
    );
  return {
    list: { ...listOf('AlertList', items), evaluated_at: at },
    findings: flags.check === true && items.some(({ state }) => state === 'firing'),
    table: alertTable,
    empty: 'Nothing fires.',
    footer: 'dartwing alert show <rule>',
  };
};
