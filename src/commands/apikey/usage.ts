import { numberFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { Document, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const days = numberFlag(flags, 'days', 1, 366);
  const dartwing = await context.open();
  const usage = await dartwing.identity.apiKeys.usage(organization, String(args.key), days);
  const lines = usage.days.map(({ day, uses }) => `${day}\t${uses}`);
  return {
    document: usage as unknown as Document,
    table: {
      columns: [],
      sentence: lines.length === 0 ? `API key ${usage.id} was never used` : lines.join('\n'),
    },
  };
};
