/** Answers of the verbs on integrations. */
import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { callOfMany } from '../bulk.js';
import type { CommandContext } from '../context.js';
import { loadModules } from '../modules.js';
import { requireCurrent } from '../org/named.js';
import type { TableView } from '../spec.js';

/** Columns of integrations. */
export const tokenTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'provider', path: 'provider' },
    { header: 'account', path: 'account' },
    { header: 'state', path: 'status.state' },
    { header: 'health', path: 'status.health' },
    { header: 'expires', path: 'expires_at' },
    { header: 'refreshed', path: 'status.last_refreshed' },
    { header: 'error', path: 'status.error_code' },
  ],
};

/** Opens the core with the providers that modules bring. */
export async function openWithProviders(context: CommandContext): Promise<Dartwing> {
  const dartwing = await context.open();
  await loadModules(context, dartwing);
  return dartwing;
}

const pageMax = 500;

/** Ids of all integrations of the organization that have a credential, or of those that end soon. */
export async function idsOf(
  context: CommandContext,
  dartwing: Dartwing,
  expiringMs: number | undefined,
): Promise<string[]> {
  const { items } = await dartwing.tokens.list(
    requireCurrent(context),
    { expiringMs, limit: pageMax },
    callOfMany(context),
  );
  return items.filter(({ status }) => status.state !== 'disconnected').map(({ id }) => id);
}

/** @throws INPUT_REQUIRED unless exactly one way of choosing is used */
export function requireOneChoice(ways: readonly boolean[], flags: string): void {
  if (ways.filter(Boolean).length !== 1)
    throw new DartwingError('INPUT_REQUIRED', { what: 'One choice of integrations', flag: flags });
}
