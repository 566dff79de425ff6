/** `--env-file`: the only way by which a .env file is read. */
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { readText } from '../core/config-files.js';
import { DartwingError } from '../core/errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with the values of a file under it: what is set already wins. */
export function readEnvFile(file: string | boolean | undefined, cwd: string, env: Environment): Environment {
  if (typeof file !== 'string') return env;
  const text = readText(resolve(cwd, file));
  if (text === undefined) throw new DartwingError('BAD_FILE', { file, message: 'there is no such file' });
  return { ...parseEnv(text), ...env };
}
