import { callOf } from '../call.js';
import { loadModules } from '../modules.js';
import type { VerbRun } from '../spec.js';
import { scheduleDocument } from './answer.js';

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  await loadModules(context, dartwing);
  const schedule = await dartwing.jobs.schedules.show(String(args.name), callOf(context));
  return { document: scheduleDocument(schedule) };
};
