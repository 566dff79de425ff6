import type { VerbRun } from '../spec.js';
import { openProfiles } from './user-file.js';

export const run: VerbRun = async (context) => {
  const items = openProfiles(context).list();
  return {
    list: { api_version: 'dartwing/v1', kind: 'ProfileList', items, total_count: items.length },
    table: {
      columns: [
        { header: 'name', path: 'name' },
        { header: 'current', path: 'current' },
        { header: 'org', path: 'org' },
        { header: 'url', path: 'url' },
      ],
    },
    empty: 'No profiles yet. Add one: dartwing profile add <name> --url-stdin',
    footer: 'dartwing profile show <name>',
  };
};
