import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { numberFlag, pairsFlag, textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { organizationChange } from './answer.js';
import { namedOrganization } from './named.js';
import { changesFrom } from './settings.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const name = textFlag(flags, 'name');
  const tier = textFlag(flags, 'tier');
  const changes = {
    ...changesFrom(pairsFlag(flags, 'set')),
    ...(name === undefined ? {} : { name }),
    ...(tier === undefined ? {} : { tier }),
  };
  if (Object.keys(changes).length === 0) {
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'Something to change',
      flag: '--name, --tier or --set key=value',
    });
  }
  const ifVersion = numberFlag(flags, 'ifVersion', 1, 2_147_483_647);
  const dartwing = await context.open();
  const change = await dartwing.tenancy.update(namedOrganization(context, args.org), changes, {
    ...callOf(context),
    ifVersion,
  });
  return organizationChange(
    context,
    change,
    `Organization ${change.after?.slug} is at version ${change.after?.version}`,
  );
};
