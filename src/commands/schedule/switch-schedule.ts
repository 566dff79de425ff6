/** Keeping a schedule from running, and letting it run again. */
import { callOf } from '../call.js';
import { change } from '../change.js';
import { loadModules } from '../modules.js';
import type { VerbRun } from '../spec.js';

export function switchSchedule(verb: 'pause' | 'resume'): VerbRun {
  return async (context, { args }) => {
    const dartwing = await context.open();
    await loadModules(context, dartwing);
    const { schedules } = dartwing.jobs;
    const before = await schedules.show(String(args.name), callOf(context));
    const isSame = before.paused === (verb === 'pause');
    const after = isSame ? before : await schedules[verb](before.name, callOf(context));
    return change({
      op: isSame ? 'none' : 'update',
      ref: `schedule/${after.name}`,
      before,
      after,
      dryRun: context.global.dryRun,
      sentence:
        verb === 'pause'
          ? `${after.name} does not run until it is resumed`
          : `${after.name} runs next ${after.next_at}`,
      ...(verb === 'pause' ? { undo: `dartwing schedule resume ${after.name}` } : {}),
    });
  };
}
