import { DartwingError } from '../../core/errors.js';
import { durationFlag, numberFlag, textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const lagMax = durationFlag(flags, 'maxLag') ?? 300_000;
  const depthMax = numberFlag(flags, 'maxDepth', 0, 1_000_000_000) ?? 1_000;
  const rateMax = percentOf(textFlag(flags, 'maxConflictRate') ?? '5%');
  const dartwing = await context.open({ selfTest: 'version' });
  const status = await dartwing.sync.status(organization);
  const { clients, lag, queue_depth: depth, conflict_rate: rate, conflicts } = status;
  const isBad = lag.max_ms > lagMax || depth > depthMax || rate > rateMax;
  const lines = [
    `${status.org} is ${isBad ? 'late' : 'in step'}`,
    `  Clients    ${clients.online} online, ${clients.stale} stale, ${clients.total} known`,
    `  Lag        ${lag.p50_ms} ms at the median, ${lag.p95_ms} ms at 95 %, ${lag.max_ms} ms at most`,
    `  Waiting    ${depth} operations on devices`,
    `  Conflicts  ${conflicts.open} open, ${(rate * 100).toFixed(1)} % of what was pushed`,
  ];
  return {
    document: { ...status },
    findings: flags.check === true && isBad,
    table: { columns: [], sentence: lines.join('\n') },
  };
};

function percentOf(text: string): number {
  const [, number] = /^(\d{1,3}(?:\.\d+)?)%?$/.exec(text) ?? [];
  if (number === undefined)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `--max-conflict-rate "${text.slice(0, 20)}" is not a share such as 5%`,
    });
  return Number(number) / 100;
}
