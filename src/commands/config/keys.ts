/** Keys of configuration as words on the line. */
import { unknownKey } from '../../core/config-files.js';
import { type ConfigKey, configKeyNames, fileName, keyOfFileName } from '../../core/config-keys.js';
import { DartwingError } from '../../core/errors.js';

/** The key that a word names, with hyphens as well. Throws USAGE with the nearest one. */
export function requireKey(word: string): ConfigKey {
  const key = keyOfFileName(word.replaceAll('-', '_'));
  if (key !== undefined) return key;
  throw new DartwingError(
    'USAGE',
    { message: unknownKey(word, configKeyNames.map(fileName)) },
    { fix: ['dartwing help config'] },
  );
}
