import { change } from '../change.js';
import type { VerbRun } from '../spec.js';
import { openProfiles } from './user-file.js';

export const run: VerbRun = async (context, { args }) => {
  const name = String(args.name);
  const profiles = openProfiles(context);
  profiles.require(name);
  const before = profiles.current() ?? null;
  if (before !== name && !context.global.dryRun) {
    profiles.use(name);
    await profiles.save();
  }
  return change({
    op: before === name ? 'none' : 'update',
    ref: 'config/profile',
    before,
    after: name,
    dryRun: context.global.dryRun,
    sentence: `Profile ${name} is the current one`,
  });
};
