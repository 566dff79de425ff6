import { callOf } from '../call.js';
import { loadModules } from '../modules.js';
import type { ListDocument, VerbRun } from '../spec.js';
import { scheduleTable } from './answer.js';

export const run: VerbRun = async (context) => {
  const dartwing = await context.open({ selfTest: 'version' });
  await loadModules(context, dartwing);
  const items = await dartwing.jobs.schedules.list(callOf(context));
  return {
    list: {
      api_version: 'dartwing/v1',
      kind: 'ScheduleList',
      items: items as unknown as ListDocument['items'],
      total_count: items.length,
    },
    table: scheduleTable,
    footer: 'dartwing schedule show <name>',
  };
};
