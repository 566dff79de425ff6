import type { VerbRun } from '../spec.js';
import { openProfiles } from './user-file.js';

export const run: VerbRun = async (context, { args }) => ({
  document: {
    api_version: 'dartwing/v1',
    kind: 'Profile',
    ...openProfiles(context).require(String(args.name)),
  },
});
