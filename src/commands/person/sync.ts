import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open();
  const change = await dartwing.people.person.sync(String(args.person), callOf(context));
  const { primary_email, user_sync_status, sync_error_message } = change.after!;
  const why = sync_error_message === null ? '' : `: ${sync_error_message}`;
  return changed(change, `The account of ${primary_email} is ${user_sync_status}${why}`);
};
