/** Asking providers whether a credential works, within a bounded rate. */
import { recordAct } from '../access/index.js';
import { isDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { fillIn } from './address.js';
import { findingOf, type TokenFinding } from './document.js';
import type { TokenManager } from './manager.js';
import { machine, type TokenParts } from './parts.js';
import type { Provider } from './provider.js';
import { findById, type IntegrationRow, writeHealth } from './queries.js';

/** Looks at one integration. One that was looked at within the last minute is not asked again. */
export async function checkHealth(
  parts: TokenParts,
  manager: TokenManager,
  row: IntegrationRow,
): Promise<TokenFinding | undefined> {
  const { catalogue, breaker } = parts;
  const provider = catalogue.require(row.provider);
  const state = breaker.stateOf(row.provider, row.organization);
  if (row.status === 'disconnected') return undefined;
  if (row.status === 'expired' || state === 'open') return findingOf(row, state);
  const isRecent =
    row.last_health_at !== null && row.now.getTime() - row.last_health_at.getTime() < limits.healthPauseMs;
  if (provider.health === undefined || isRecent) return findingOf(row, state) ?? degradedOf(row);
  const reason = await ask(manager, provider, row);
  const current = await parts.session.runIn(row.organization, machine, async (scope) => {
    const written = await writeHealth(scope.tx, row, reason === undefined, limits.healthFailuresMax);
    const isNew = written?.health === 'degraded' && row.health !== 'degraded';
    if (written !== undefined && isNew) {
      await recordAct(
        scope,
        row.organization,
        'token.degraded',
        { doctype: 'Organization Integration', name: row.id, organization: row.organization },
        { old: { health: row.health }, new: { provider: row.provider, health: written.health, reason } },
      );
    }
    return written ?? (await findById(scope.tx, row.organization, row.id)) ?? row;
  });
  const found = findingOf(current, breaker.stateOf(row.provider, row.organization));
  if (found !== undefined || reason === undefined) return found;
  return {
    id: row.id,
    severity: current.health === 'degraded' ? 'fail' : 'warn',
    what: `${row.provider}/${row.account} of ${row.organization} does not work: ${reason}`,
    fix: `dartwing token refresh ${row.id} --org ${row.organization}`,
  };
}

/** Undefined when all is well. */
async function ask(
  manager: TokenManager,
  provider: Provider,
  { organization, account, settings }: IntegrationRow,
): Promise<string | undefined> {
  const { url, method, headers, ok } = provider.health!;
  try {
    const answer = await manager.fetchAs(organization, provider.name, fillIn(url, settings), {
      account,
      method,
      headers: { accept: 'application/json', ...headers },
      timeoutMs: limits.healthMs,
    });
    if (answer.status < 200 || answer.status > 299) return `HTTP ${answer.status}`;
    if (ok !== undefined && new RegExp(`"${ok}"\\s*:\\s*false`).test(answer.text))
      return `the answer says ${ok}: false`;
    return undefined;
  } catch (error) {
    return isDartwingError(error) ? error.code : 'unclear';
  }
}

function degradedOf(row: IntegrationRow): TokenFinding | undefined {
  if (row.health !== 'degraded') return undefined;
  return {
    id: row.id,
    severity: 'fail',
    what: `${row.provider}/${row.account} of ${row.organization} failed its last health checks`,
    fix: `dartwing token health ${row.id} --org ${row.organization}`,
  };
}
