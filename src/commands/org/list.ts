import { DartwingError } from '../../core/errors.js';
import type { Dartwing, ListOrganizationsInput, OrganizationDocument } from '../../core/index.js';
import { numberFlag, pairsFlag, textFlag } from '../flag-values.js';
import type { ListDocument, Parsed, VerbRun } from '../spec.js';
import { organizationTable } from './answer.js';

const filterKeys = ['state', 'type', 'tier', 'region', 'search'];
const pageMax = 500;

export const run: VerbRun = async (context, { flags }) => {
  const input = inputOf(flags);
  const dartwing = await context.open({ selfTest: 'version' });
  if (flags.all === true && context.global.output === 'ndjson') {
    return { stream: everyOrganization(dartwing, input), table: organizationTable };
  }
  const list = flags.all === true ? await wholeList(dartwing, input) : await dartwing.tenancy.list(input);
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

async function wholeList(dartwing: Dartwing, input: ListOrganizationsInput) {
  const items: OrganizationDocument[] = [];
  for await (const item of everyOrganization(dartwing, input)) items.push(item);
  return {
    api_version: 'dartwing/v1' as const,
    kind: 'OrgList',
    items,
    total_count: items.length,
    limit: items.length,
    offset: 0,
  };
}

async function* everyOrganization(
  dartwing: Dartwing,
  input: ListOrganizationsInput,
): AsyncGenerator<OrganizationDocument> {
  for (let offset = 0; ; offset += pageMax) {
    const { items } = await dartwing.tenancy.list({ ...input, limit: pageMax, offset });
    yield* items;
    if (items.length < pageMax) return;
  }
}
