import { numberFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { ListDocument, VerbRun } from '../spec.js';
import { apikeyTable } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const limit = numberFlag(flags, 'limit', 1, 500);
  const offset = numberFlag(flags, 'offset', 0, 1_000_000_000);
  const dartwing = await context.open();
  const list = await dartwing.identity.apiKeys.list(organization, {
    revoked: flags.revoked === true,
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
  });
  return {
    list: list as unknown as ListDocument,
    table: apikeyTable,
    empty: `No API keys yet. Make one: dartwing apikey create --org ${organization}`,
    footer: 'dartwing apikey show <key>',
  };
};
