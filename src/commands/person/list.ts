import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { numberFlag, pairsFlag, textFlag } from '../flag-values.js';
import { everyRow, wholeList } from '../pages.js';
import type { ListDocument, Parsed, VerbRun } from '../spec.js';
import { personTable } from './answer.js';

const filterKeys = ['state', 'source', 'email', 'search'];
const pageMax = 500;

type Input = NonNullable<Parameters<Dartwing['people']['person']['list']>[0]>;

export const run: VerbRun = async (context, { flags }) => {
  const input = inputOf(flags);
  const dartwing = await context.open({ selfTest: 'version' });
  const page = (more: object) => dartwing.people.person.list({ ...input, ...more });
  if (flags.all === true && context.global.output === 'ndjson')
    return { stream: everyRow(page, pageMax), table: personTable };
  const list = flags.all === true ? await wholeList('PersonList', page, pageMax) : await page({});
  return {
    list: list as unknown as ListDocument,
    table: personTable,
    empty: 'No persons found. Create one: dartwing person create <email> --name "First Last"',
    footer: 'dartwing person show <email>',
  };
};

function inputOf(flags: Parsed['flags']): Input {
  const filters = Object.fromEntries(pairsFlag(flags, 'filter'));
  const unknown = Object.keys(filters).find((key) => !filterKeys.includes(key));
  if (unknown !== undefined) {
    const message = `--filter ${unknown} is not one of ${filterKeys.join(', ')}`;
    throw new DartwingError('VALIDATION_ERROR', { message });
  }
  return {
    ...filters,
    ...(flags.state === undefined ? {} : { state: textFlag(flags, 'state') }),
    ...(flags.source === undefined ? {} : { source: textFlag(flags, 'source') }),
    ...(flags.email === undefined ? {} : { email: textFlag(flags, 'email') }),
    sort: textFlag(flags, 'sort'),
    limit: numberFlag(flags, 'limit', 1, pageMax),
    offset: numberFlag(flags, 'offset', 0, 1_000_000_000),
  };
}
