import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { alertTable, listOf } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const items = await dartwing.alerts.check(args.rule as string | undefined, callOf(context));
  return {
    list: listOf('AlertList', items),
    findings: items.length > 0,
    table: alertTable,
    empty: 'No rule holds.',
    footer: 'dartwing alert show <rule>',
  };
};
