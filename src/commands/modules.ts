/**
 * Modules of a project: files named by the setting `modules`, whose default export is a function that takes dartwing
 * and defines what it brings, such as jobs and schedules.
 *
 *     export default (dartwing) => dartwing.jobs.define('email.send', { handler: async (input, job) => { … } });
 */
import { pathToFileURL } from 'node:url';
import { DartwingError, isDartwingError } from '../core/errors.js';
import type { Dartwing } from '../core/index.js';
import type { CommandContext } from './context.js';
import { importFile } from './import-file.js';
import { shownPath } from './open.js';

/** Loads them in order. @throws BAD_FILE naming the file that cannot be used, and what its function throws of ours */
export async function loadModules(
  { config, cwd }: Pick<CommandContext, 'config' | 'cwd'>,
  dartwing: Dartwing,
): Promise<void> {
  for (const file of (config.values.modules ?? '').split(',')) {
    if (file === '') continue;
    try {
      const module = await importFile<{ default?: unknown }>(pathToFileURL(file).href);
      if (typeof module.default !== 'function') throw new Error('its default export is no function');
      await module.default(dartwing);
    } catch (error) {
      if (isDartwingError(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new DartwingError('BAD_FILE', { file: shownPath(cwd, file), message }, { cause: error });
    }
  }
}
