import { DartwingError } from '../../core/errors.js';
import type { ListOrganizationsInput } from '../../core/index.js';
import { numberFlag, pairsFlag, textFlag } from '../flag-values.js';
import { everyRow, wholeList } from '../pages.js';
import type { ListDocument, Parsed, VerbRun } from '../spec.js';
import { organizationTable } from './answer.js';

const filterKeys = ['state', 'type', 'tier', 'region', 'search'];
const pageMax = 500;

export const run: VerbRun = async (context, { flags }) => {
  const input = inputOf(flags);
  const dartwing = await context.open({ selfTest: 'version' });
  const page = (part: object) => dartwing.tenancy.list({ ...input, ...part });
  if (flags.all === true && context.global.output === 'ndjson')
    return { stream: everyRow(page, pageMax), table: organizationTable };
  const list = flags.all === true ? await wholeList('OrgList', page, pageMax) : await page({});
  return {
    list: list as unknown as ListDocument,
    table: organizationTable,
    empty: 'No organizations yet. Create one: dartwing org create <slug> --type company',
    footer: 'dartwing org show <slug>',
  };
};

function inputOf(flags: Parsed['flags']): ListOrganizationsInput {
  const filters = Object.fromEntries(pairsFlag(flags, 'filter'));
  for (const key of Object.keys(filters)) {
    if (!filterKeys.includes(key)) {
      throw new DartwingError('VALIDATION_ERROR', {
        message: `--filter ${key} is not one of ${filterKeys.join(', ')}`,
      });
    }
  }
  return {
    ...filters,
    ...(flags.state === undefined ? {} : { state: textFlag(flags, 'state') }),
    ...(flags.type === undefined ? {} : { type: textFlag(flags, 'type') }),
    ...(flags.tier === undefined ? {} : { tier: textFlag(flags, 'tier') }),
    sort: textFlag(flags, 'sort'),
    limit: numberFlag(flags, 'limit', 1, pageMax),
    offset: numberFlag(flags, 'offset', 0, 1_000_000_000),
  };
}
