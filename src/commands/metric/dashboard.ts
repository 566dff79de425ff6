import { dashboardOf } from '../../core/metrics/index.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (_, { args }) => ({
  text: `${JSON.stringify(dashboardOf(args.name as string), undefined, 2)}\n`,
});
