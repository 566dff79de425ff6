import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { userFileOf } from '../../core/config.js';
import { findUpwards } from '../../core/config-files.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async ({ configInput }) => {
  const { cwd, env, projectFile, uid } = configInput;
  const named = projectFile ?? env.DARTWING_CONFIG;
  const project = named ? resolve(cwd, named) : (findUpwards('dartwing.yaml', cwd, uid) ?? null);
  const user = userFileOf(configInput) ?? null;
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'ConfigPaths',
      project,
      project_exists: project !== null && existsSync(project),
      user,
      user_exists: user !== null && existsSync(user),
    },
    table: {
      columns: [
        { header: 'project', path: 'project' },
        { header: 'user', path: 'user' },
      ],
    },
  };
};
