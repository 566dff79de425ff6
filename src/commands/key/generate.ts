import { randomBytes } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { change } from '../change.js';
import { textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';

const masterKeyBytes = 32;

export const run: VerbRun = async ({ cwd, global }, { flags }) => {
  const given = textFlag(flags, 'outFile');
  if (given === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'A file for the key', flag: '--out-file <file>' });
  const file = isAbsolute(given) ? given : join(cwd, given);
  if (global.dryRun) await refuseExisting(file, given);
  else
    await writeFile(file, `${randomBytes(masterKeyBytes).toString('base64')}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    }).catch((error: NodeJS.ErrnoException) => {
      const message =
        error.code === 'EEXIST' ? 'it exists, and a key is never overwritten' : String(error.code);
      throw new DartwingError('BAD_FILE', { file: given, message }, { cause: error });
    });
  return change({
    op: 'create',
    ref: `file/${given}`,
    before: null,
    after: { file: given, mode: '0600' },
    dryRun: global.dryRun,
    sentence: `A master key is in ${given}`,
    next: [
      `DARTWING_MASTER_KEY_FILE=${given} dartwing migrate up`,
      'Keep a copy where the keys of backups are kept',
    ],
  });
};

async function refuseExisting(file: string, given: string): Promise<void> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new DartwingError('BAD_FILE', {
      file: given,
      message: 'it exists, and a key is never overwritten',
    });
}
