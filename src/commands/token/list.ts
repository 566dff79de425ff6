import { callOf } from '../call.js';
import { durationFlag, textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import { pagedAnswer } from '../pages.js';
import type { VerbRun } from '../spec.js';
import { tokenTable } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const filter = {
    provider: textFlag(flags, 'provider'),
    state: textFlag(flags, 'state'),
    expiringMs: durationFlag(flags, 'expiring'),
  };
  const dartwing = await context.open();
  return pagedAnswer(context, flags, {
    kind: 'TokenList',
    pageMax: 500,
    page: (part) => dartwing.tokens.list(organization, { ...filter, ...part }, callOf(context)),
    table: tokenTable,
    empty: `No integrations yet. Connect one: dartwing token connect <provider> --org ${organization}`,
    footer: 'dartwing token show <token>',
  });
};
