import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { VerbRun } from '../spec.js';

const sentences = {
  queued: 'a mail with a token for a new password is on its way',
  no_transport: 'no mail server is configured (smtp_url): set a password with dartwing person password',
  no_organization: 'mail goes out through an organization, and the person belongs to none',
  asked_a_moment_ago: 'a mail went out less than a minute ago',
} as const;

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open();
  const done = await dartwing.lite.sendReset(String(args.person), callOf(context));
  return changed(done, `${args.person}: ${sentences[done.after!.mail]}`);
};
