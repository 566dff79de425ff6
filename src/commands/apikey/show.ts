import type { Document, VerbRun } from '../spec.js';
import { apikeyTable, organizationOf } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = organizationOf(context);
  const dartwing = await context.open();
  const document = await dartwing.identity.apiKeys.show(organization, String(args.key));
  return { document: document as unknown as Document, table: apikeyTable };
};
