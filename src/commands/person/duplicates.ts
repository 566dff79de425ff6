import { numberFlag } from '../flag-values.js';
import type { ListDocument, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const page = {
    limit: numberFlag(flags, 'limit', 1, 500),
    offset: numberFlag(flags, 'offset', 0, 1_000_000_000),
  };
  const dartwing = await context.open({ selfTest: 'version' });
  const list = await dartwing.people.person.duplicates(page);
  return {
    list: list as unknown as ListDocument,
    table: {
      columns: [
        { header: 'reason', path: 'reason' },
        { header: 'one', path: 'persons.0.primary_email' },
        { header: 'other', path: 'persons.1.primary_email' },
        { header: 'name', path: 'persons.0.full_name' },
        { header: 'phone', path: 'persons.0.mobile_no' },
      ],
    },
    empty: 'No persons look like one human.',
    footer: 'dartwing person merge <keep> <drop> --reason "…"',
  };
};
