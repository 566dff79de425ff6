import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import { pagedAnswer } from '../pages.js';
import type { VerbRun } from '../spec.js';
import { memberTable } from './answer.js';

const pageMax = 100;

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const input = {
    state: textFlag(flags, 'state'),
    includeInactive: flags.includeInactive === true,
  };
  const dartwing = await context.open({ selfTest: 'version' });
  return pagedAnswer(context, flags, {
    kind: 'MemberList',
    pageMax,
    page: (part) => dartwing.people.member.list(organization, { ...input, ...part }),
    table: memberTable,
    empty: `No members found. Add one: dartwing member add <email> --org ${organization} --role <role>`,
    footer: `dartwing member show <email> --org ${organization}`,
  });
};
