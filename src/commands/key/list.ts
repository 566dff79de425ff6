import { callOf } from '../call.js';
import type { ListDocument, VerbRun } from '../spec.js';
import { keyTable, scopeOfKeys } from './answer.js';

export const run: VerbRun = async (context, parsed) => {
  const organization = scopeOfKeys(context, parsed);
  const dartwing = await context.open();
  const list = await dartwing.keys.list({ organization }, callOf(context));
  return {
    list: list as unknown as ListDocument,
    table: keyTable,
    empty: 'No data keys yet: the first is made with the first value that is sealed',
    footer: 'dartwing key rotate --org <org> --reseal --reason "…"',
  };
};
