import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { pairsFlag, textFlag } from '../flag-values.js';
import { pagedAnswer } from '../pages.js';
import type { Parsed, VerbRun } from '../spec.js';
import { personTable } from './answer.js';

const filterKeys = ['state', 'source', 'email', 'search'];
const pageMax = 500;

type Input = NonNullable<Parameters<Dartwing['people']['person']['list']>[0]>;

export const run: VerbRun = async (context, { flags }) => {
  const input = inputOf(flags);
  const dartwing = await context.open({ selfTest: 'version' });
  return pagedAnswer(context, flags, {
    kind: 'PersonList',
    pageMax,
    page: (part) => dartwing.people.person.list({ ...input, ...part }),
    table: personTable,
    empty: 'No persons found. Create one: dartwing person create <email> --name "First Last"',
    footer: 'dartwing person show <email>',
  });
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
  };
}
