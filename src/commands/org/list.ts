import { DartwingError } from '../../core/errors.js';
import type { ListOrganizationsInput } from '../../core/index.js';
import { pairsFlag, textFlag } from '../flag-values.js';
import { pagedAnswer } from '../pages.js';
import type { Parsed, VerbRun } from '../spec.js';
import { organizationTable } from './answer.js';

const filterKeys = ['state', 'type', 'tier', 'region', 'search'];
const pageMax = 500;

export const run: VerbRun = async (context, { flags }) => {
  const input = inputOf(flags);
  const dartwing = await context.open({ selfTest: 'version' });
  return pagedAnswer(context, flags, {
    kind: 'OrgList',
    pageMax,
    page: (part) => dartwing.tenancy.list({ ...input, ...part }),
    table: organizationTable,
    empty: 'No organizations yet. Create one: dartwing org create <slug> --type company',
    footer: 'dartwing org show <slug>',
  });
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
  };
}
