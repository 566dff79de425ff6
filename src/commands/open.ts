/** Opens the core for a command. */
import { DartwingError } from '../core/errors.js';
import type { Dartwing } from '../core/index.js';
import type { CommandContext, OpenOptions } from './context.js';

/** Replaced as soon as the core has its door. */
export async function openCore(_context: CommandContext, _options: OpenOptions): Promise<Dartwing> {
  throw new DartwingError('INTERNAL', { message: 'the core is not built yet' });
}
