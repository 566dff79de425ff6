import { DartwingError } from '../../core/errors.js';
import { textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { personTable } from './answer.js';

const parts = ['organizations'];

export const run: VerbRun = async (context, { args, flags }) => {
  const wanted = (textFlag(flags, 'with') ?? '').split(',').filter((part) => part !== '');
  const unknown = wanted.find((part) => !parts.includes(part));
  if (unknown !== undefined)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `--with ${unknown} is not one of ${parts.join(', ')}`,
    });
  const dartwing = await context.open({ selfTest: 'version' });
  const { status, ...person } = await dartwing.people.person.show(String(args.person));
  const organizations = wanted.includes('organizations')
    ? { organizations: (await dartwing.people.person.organizations(person.id)).items }
    : {};
  return { document: { ...person, ...organizations, status }, table: personTable };
};
