import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { durationFlag, textFlag, textsFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { Parsed, VerbRun } from '../spec.js';
import { made, requirePlaceForSecret } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const name = requireText(flags, 'name');
  const environment = requireText(flags, 'env') as 'production' | 'sandbox';
  const lifeMs = durationFlag(flags, 'expires');
  requirePlaceForSecret(context, flags.showOnce === true);
  const dartwing = await context.open();
  const key = await dartwing.identity.apiKeys.create(
    organization,
    {
      name,
      environment,
      permissions: [...textsFlag(flags, 'permission')],
      ...(lifeMs === undefined ? {} : { expiresAt: new Date(Date.now() + lifeMs) }),
    },
    callOf(context),
  );
  return made(context, key, `API key ${key.change.after?.id} is made; its secret is shown this once`);
};

function requireText(flags: Parsed['flags'], name: string): string {
  const text = textFlag(flags, name);
  if (text === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: `The ${name} of the key`, flag: `--${name}` });
  return text;
}
