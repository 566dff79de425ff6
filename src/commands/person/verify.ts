import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { changed } from '../change.js';
import { secretLines } from '../secret-input.js';
import type { VerbRun } from '../spec.js';

const sentences = {
  queued: 'a mail with the link is on its way',
  no_transport: 'no mail server is configured (smtp_url)',
  no_organization: 'mail goes out through an organization, and the person belongs to none',
} as const;

export const run: VerbRun = async (context, { args, flags }) => {
  const lines = await secretLines(context, flags, 'tokenFile');
  if ((args.person === undefined) === (lines === undefined))
    throw new DartwingError('USAGE', {
      message: 'Name a person, or give a token with --token-file',
      command: 'person verify',
    });
  const dartwing = await context.open();
  const { person } = dartwing.people;
  if (lines !== undefined) {
    const done = await person.prove(lines[0] ?? '', callOf(context));
    const { primary_email: email } = done.after!;
    return changed(done, done.op === 'none' ? `${email} was proven before` : `${email} is proven`);
  }
  const done = await person.sendProof(String(args.person), callOf(context));
  const { mail, primary_email: email } = done.after!;
  return changed(done, `${email}: ${mail === null ? 'is proven already' : sentences[mail]}`);
};
