import { requireCurrent } from '../org/named.js';
import type { Document, VerbRun } from '../spec.js';
import { apikeyTable } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const document = await dartwing.identity.apiKeys.show(organization, String(args.key));
  return { document: document as unknown as Document, table: apikeyTable };
};
