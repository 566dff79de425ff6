/** What a command tells the core about the call it makes. */
import type { CallOptions } from '../core/index.js';
import type { CommandContext } from './context.js';

/** Dry run, reason and idempotency key of the line. */
export function callOf({
  global,
  idempotencyKey,
}: Pick<CommandContext, 'global' | 'idempotencyKey'>): CallOptions {
  const key = idempotencyKey();
  return {
    dryRun: global.dryRun,
    ...(global.reason === undefined ? {} : { reason: global.reason }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  };
}
