import { requireCurrent } from '../org/named.js';
import { pagedAnswer } from '../pages.js';
import type { VerbRun } from '../spec.js';
import { apikeyTable } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  return pagedAnswer(context, flags, {
    kind: 'ApiKeyList',
    pageMax: 500,
    page: (part) =>
      dartwing.identity.apiKeys.list(organization, { revoked: flags.revoked === true, ...part }),
    table: apikeyTable,
    empty: `No API keys yet. Make one: dartwing apikey create --org ${organization}`,
    footer: 'dartwing apikey show <key>',
  });
};
