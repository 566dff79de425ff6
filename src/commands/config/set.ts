import { basename, join } from 'node:path';
import { requirePrivate } from '../../core/config-files.js';
import { type ConfigKey, configKeySpec, fileName } from '../../core/config-keys.js';
import { DartwingError } from '../../core/errors.js';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import type { VerbRun } from '../spec.js';
import { requireKey } from './keys.js';
import { openYaml } from './yaml-file.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const key = requireKey(String(args.key));
  const text = String(args.value);
  refuseSecret(key);
  check(key, text);
  const target = flags.user === true ? userTarget(context) : projectTarget(context);
  const file = openYaml(target.file);
  const path = [...target.path, fileName(key)];
  const before = file.document.getIn(path) ?? null;
  const after = scalar(text);
  if (before !== after && !context.global.dryRun) {
    file.document.setIn(path, after);
    await file.save(target.mode);
  }
  return change({
    op: before === after ? 'none' : before === null ? 'create' : 'update',
    ref: `config/${fileName(key)}`,
    before,
    after,
    dryRun: context.global.dryRun,
    sentence: `${fileName(key)} is ${text} in ${basename(target.file)}`,
  });
};

interface Target {
  file: string;
  path: readonly string[];
  mode: number;
}

function projectTarget({ config, cwd }: CommandContext): Target {
  return { file: config.projectFile ?? join(cwd, 'dartwing.yaml'), path: [], mode: 0o644 };
}

function userTarget({ config, env, configInput }: CommandContext): Target {
  if (config.userFile === undefined) {
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'A folder for the user file',
      flag: 'XDG_CONFIG_HOME',
    });
  }
  requirePrivate(config.userFile, configInput.platform ?? 'linux');
  const profile = config.values.profile ?? env.DARTWING_PROFILE ?? 'default';
  return { file: config.userFile, path: ['profiles', profile], mode: 0o600 };
}

function refuseSecret(key: ConfigKey): void {
  if (!configKeySpec(key).secret) return;
  throw new DartwingError('SECRET_ON_ARGV', { where: fileName(key) });
}

function check(key: ConfigKey, text: string): void {
  try {
    configKeySpec(key).read(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new DartwingError('CONFIG_INVALID', { where: fileName(key), message }, { cause: error });
  }
}

/** Numbers and switches are written as YAML has them. */
function scalar(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}
