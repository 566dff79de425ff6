import { pagedAnswer } from '../pages.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  return pagedAnswer(context, flags, {
    kind: 'DuplicateList',
    pageMax: 500,
    page: (part) => dartwing.people.person.duplicates(part),
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
  });
};
