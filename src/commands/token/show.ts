import { callOf } from '../call.js';
import { requireCurrent } from '../org/named.js';
import type { Document, VerbRun } from '../spec.js';
import { tokenTable } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const document = await dartwing.tokens.show(organization, String(args.token), callOf(context));
  return { document: document as unknown as Document, table: tokenTable };
};
