import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { changed } from '../change.js';
import { textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const guardian = textFlag(flags, 'guardian');
  if (guardian === undefined)
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'The guardian who consents',
      flag: '--guardian <person>',
    });
  const dartwing = await context.open();
  const change = await dartwing.people.person.consent(String(args.person), guardian, callOf(context));
  const { primary_email, consent_timestamp } = change.after!;
  return changed(change, `Consent for ${primary_email} is captured at ${consent_timestamp}`);
};
