import { callOf } from '../call.js';
import { changed } from '../change.js';
import { newPassword, secretLines } from '../secret-input.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const lines = await secretLines(context, flags, 'passwordFile');
  const password = await newPassword(context, lines, '--password-file <file|->');
  const dartwing = await context.open();
  const done = await dartwing.lite.setPassword(String(args.person), password, callOf(context));
  return changed(done, `${args.person} has another password; sessions of the former one have ended`);
};
