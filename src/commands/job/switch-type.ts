/** Letting a type be submitted, or not. */
import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { change } from '../change.js';
import type { VerbRun } from '../spec.js';

export function switchType(isEnabled: boolean): VerbRun {
  return async (context, { args }) => {
    const name = String(args.type);
    const dartwing = await context.open();
    const find = async () => (await dartwing.jobs.types(callOf(context))).find((type) => type.name === name);
    const before = await find();
    if (before === undefined) throw new DartwingError('JOB_TYPE_UNKNOWN', { type: name, suggestion: '' });
    if (!isEnabled && before.is_enabled)
      await context.approve({
        danger: 'moderate',
        question: `Refuse new ${name} jobs of every organization?`,
        name,
      });
    const isSame = before.is_enabled === isEnabled;
    if (!isSame) await dartwing.jobs.enableType(name, isEnabled, callOf(context));
    return change({
      op: isSame ? 'none' : 'update',
      ref: `job-type/${name}`,
      before,
      after: { ...before, is_enabled: isEnabled },
      dryRun: context.global.dryRun,
      sentence: isEnabled ? `${name} can be submitted` : `${name} is refused; what waits in line still runs`,
      ...(isEnabled ? {} : { undo: `dartwing job enable ${name}` }),
    });
  };
}
