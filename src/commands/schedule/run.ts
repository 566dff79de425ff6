import { callOf } from '../call.js';
import { loadModules } from '../modules.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';
import { scheduleDocument, scheduleTable } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const name = String(args.name);
  const dartwing = await context.open();
  await loadModules(context, dartwing);
  const progress = startProgress(context.io, { title: `Running ${name}`, op: 'schedule.run' });
  try {
    const schedule = await dartwing.jobs.schedules.run(name, callOf(context));
    const outcome = schedule.last_outcome === null ? '' : `: ${JSON.stringify(schedule.last_outcome)}`;
    const dry = context.global.dryRun ? ' (dry run: it did not run)' : '';
    return {
      document: scheduleDocument(schedule),
      table: { ...scheduleTable, sentence: `${name} has run${outcome}${dry}` },
    };
  } finally {
    progress.end();
  }
};
