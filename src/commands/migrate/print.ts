import { printMigrations } from '../../core/db/index.js';
import { numberFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async ({ config }, { flags }) => {
  const from = numberFlag(flags, 'from', 0, 100_000);
  const to = numberFlag(flags, 'to', 1, 100_000);
  return { text: printMigrations(config.values.schema, config.values.rolePrefix, from, to) };
};
