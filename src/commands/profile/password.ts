import { callOf } from '../call.js';
import { change } from '../change.js';
import { newPassword, secretLines, typedSecret } from '../secret-input.js';
import type { VerbResult, VerbRun } from '../spec.js';
import { callerOf } from './signed-in.js';
import { openTokenFile } from './token-file.js';

/** With a mailed token: nobody needs to be signed in. Otherwise with the current password. */
export const run: VerbRun = async (context, { flags }) => {
  const token = await secretLines(context, flags, 'tokenFile');
  if (token !== undefined) {
    const password = await newPassword(
      context,
      token.slice(1).length > 0 ? token.slice(1) : undefined,
      tokenFlag,
    );
    if (context.global.dryRun) return answer('update', 'person/*', true);
    const dartwing = await context.open();
    const { person } = await dartwing.lite.completeReset(token[0] ?? '', password);
    return answer('update', `person/${person}`, false);
  }
  const lines = await secretLines(context, flags, 'passwordFile');
  const current = lines?.[0] ?? (await typedSecret(context, 'Current password:', passwordFlag));
  const next = await newPassword(context, lines?.slice(1), passwordFlag);
  const dartwing = await context.open();
  const file = openTokenFile(context);
  const { principal } = await callerOf(context, file, dartwing);
  const done = await dartwing.lite.changePassword({ current, next }, { ...callOf(context), principal });
  return change({
    op: done.op,
    ref: done.ref,
    before: done.before,
    after: done.after,
    audit: done.audit,
    dryRun: done.dry_run,
    sentence: 'The password is changed, and every session of the former one has ended',
    next: ['dartwing profile login'],
  });
};

function answer(op: 'update', ref: string, dryRun: boolean): VerbResult {
  const sentence = 'The password is set; sign in with it: dartwing profile login';
  return change({ op, ref, before: null, after: null, dryRun, sentence });
}

const tokenFlag = 'a second line of --token-file';
const passwordFlag = '--password-file <file|->: the current password, then the new one';
