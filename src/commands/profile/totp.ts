import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import { secretLines, typedSecret } from '../secret-input.js';
import type { Parsed, VerbResult, VerbRun } from '../spec.js';
import { callerOf } from './signed-in.js';
import { openTokenFile } from './token-file.js';

/** Makes a factor and shows its secrets once, or confirms the one that was made with a code of the app. */
export const run: VerbRun = async (context, { flags }) => {
  const code = await codeOf(context, flags);
  const dartwing = await context.open();
  const { principal } = await callerOf(context, openTokenFile(context), dartwing);
  const call = { ...callOf(context), principal };
  if (code !== undefined) {
    const done = await dartwing.lite.confirmSecondFactor(code, call);
    return answer(done, 'From now on signing in asks for a code of the app');
  }
  const { change: done, uri, recoveryCodes } = await dartwing.lite.beginSecondFactor(call);
  const made = answer(done, 'The app has to know the secret; it is shown this once');
  if (done.dry_run || !('document' in made)) return made;
  if (context.io.machine || context.global.field !== undefined)
    return { ...made, document: { ...made.document, uri, recovery_codes: recoveryCodes } };
  context.io.note(
    'Give the address to the app, keep the other codes for the day the app is lost, then confirm:',
  );
  context.io.note('  dartwing profile totp --confirmed\n');
  return { text: `${[uri, ...recoveryCodes].join('\n')}\n` };
};

async function codeOf(context: CommandContext, flags: Parsed['flags']): Promise<string | undefined> {
  const lines = await secretLines(context, flags, 'codeFile');
  if (lines !== undefined) return lines[0];
  if (flags.confirmed === true) return typedSecret(context, 'Code of the app:', '--code-file <file|->');
  if (context.io.out.isTTY && !context.global.dryRun && flags.showOnce !== true)
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'A place for the secret',
      flag: '--show-once, or send stdout to a file or a pipe',
    });
  return undefined;
}

function answer(
  done: Awaited<ReturnType<import('../../core/index.js').LiteVerbs['confirmSecondFactor']>>,
  sentence: string,
): VerbResult {
  const { op, ref, before, after, audit, dry_run: dryRun } = done;
  return change({ op, ref, before, after, audit, dryRun, sentence });
}
