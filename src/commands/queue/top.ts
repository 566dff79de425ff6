import type { VerbRun } from '../spec.js';
import { run as runTop } from '../top/top.js';

export const run: VerbRun = (context, parsed) =>
  runTop(context, { ...parsed, flags: { ...parsed.flags, panel: 'queues' } });
