import { callOf } from '../call.js';
import { loadModules } from '../modules.js';
import type { ListDocument, VerbRun } from '../spec.js';

export const run: VerbRun = async (context) => {
  const dartwing = await context.open({ selfTest: 'version' });
  await loadModules(context, dartwing);
  const items = await dartwing.jobs.types(callOf(context));
  return {
    list: {
      api_version: 'dartwing/v1',
      kind: 'JobTypeList',
      items: items as unknown as ListDocument['items'],
      total_count: items.length,
    },
    table: {
      columns: [
        { header: 'name', path: 'name' },
        { header: 'queue', path: 'queue' },
        { header: 'priority', path: 'priority' },
        { header: 'enabled', path: 'is_enabled' },
        { header: 'defined here', path: 'is_defined' },
        { header: 'description', path: 'description' },
      ],
    },
    empty: 'No job types yet. Name the files that define them in the setting modules, and start a worker.',
    footer: 'dartwing job submit <type> --org <org>',
  };
};
