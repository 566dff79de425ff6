import { change } from '../change.js';
import type { VerbRun } from '../spec.js';
import { openProfiles } from './user-file.js';

export const run: VerbRun = async (context, { args }) => {
  const name = String(args.name);
  const profiles = openProfiles(context);
  const before = profiles.require(name);
  await context.approve({ danger: 'moderate', question: `Remove profile ${name}?`, name });
  if (!context.global.dryRun) {
    profiles.remove(name);
    await profiles.save();
  }
  const others = profiles.list().filter((profile) => profile.name !== name);
  const isNoneCurrent = before.current && others.length > 0;
  return change({
    op: 'delete',
    ref: `profile/${name}`,
    before,
    after: null,
    dryRun: context.global.dryRun,
    sentence: `Profile ${name} is removed${isNoneCurrent ? '; none is the current one now' : ''}`,
    ...(isNoneCurrent ? { next: [`dartwing profile use ${others[0]!.name}`] } : {}),
  });
};
