import { numberFlag, textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import { everyRow, wholeList } from '../pages.js';
import type { ListDocument, VerbRun } from '../spec.js';
import { memberTable } from './answer.js';

const pageMax = 100;

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const input = {
    state: textFlag(flags, 'state'),
    includeInactive: flags.includeInactive === true,
    limit: numberFlag(flags, 'limit', 1, pageMax),
    offset: numberFlag(flags, 'offset', 0, 1_000_000_000),
  };
  const dartwing = await context.open({ selfTest: 'version' });
  const page = (more: object) => dartwing.people.member.list(organization, { ...input, ...more });
  if (flags.all === true && context.global.output === 'ndjson')
    return { stream: everyRow(page, pageMax), table: memberTable };
  const list = flags.all === true ? await wholeList('MemberList', page, pageMax) : await page({});
  return {
    list: list as unknown as ListDocument,
    table: memberTable,
    empty: `No members found. Add one: dartwing member add <email> --org ${organization} --role <role>`,
    footer: `dartwing member show <email> --org ${organization}`,
  };
};
