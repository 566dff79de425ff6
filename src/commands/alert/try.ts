/** When a rule would fire on series that somebody wrote down. */
import { z } from 'zod';
import { readRules, tryLevel } from '../../core/alerts/index.js';
import { parseDurationMs } from '../../core/duration.js';
import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import type { Parsed, VerbResult } from '../spec.js';
import { readMappings } from '../sync/yaml-input.js';
import { labelsText } from './answer.js';
import { requireShipped, seriesOf } from './notation.js';

const input = z.strictObject({
  interval: z.string().default('15s'),
  input_series: z
    .array(z.strictObject({ series: z.string().max(1_000), values: z.string().max(100_000) }))
    .min(1)
    .max(500),
});

/** @throws ALERT_RULE_NOT_FOUND, VALIDATION_ERROR, BAD_FILE */
export async function tryRule(
  context: CommandContext,
  id: string,
  flags: Parsed['flags'],
): Promise<VerbResult> {
  const file = textFlag(flags, 'file');
  if (file === undefined)
    throw new DartwingError('VALIDATION_ERROR', { message: 'alert rule test needs --file' });
  const rule = requireShipped(readRules(), id);
  const severity = textFlag(flags, 'severity');
  const level =
    severity === undefined ? rule.levels[0]! : rule.levels.find((one) => one.severity === severity);
  if (level === undefined)
    throw new DartwingError('VALIDATION_ERROR', { message: `${id} has no level ${severity}` });
  const parsed = input.safeParse((await readMappings(context, file, 'series'))[0]);
  if (!parsed.success) throw new DartwingError('BAD_FILE', { file, message: z.prettifyError(parsed.error) });
  const { interval, input_series } = parsed.data;
  const stepMs = parseDurationMs(interval);
  if (stepMs === undefined || stepMs < 1_000)
    throw new DartwingError('BAD_FILE', {
      file,
      message: `interval "${interval}" is not a duration such as 15s`,
    });
  const series = input_series.map((one) => seriesOf(one, stepMs / 1_000, file));
  const steps = Math.max(...series.map(({ steps: count }) => count));
  const states = tryLevel(rule, level, series, steps, stepMs / 1_000);
  const firing = states.filter(({ state }) => state === 'firing');
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'AlertTest',
      rule: id,
      severity: level.severity,
      steps,
      interval_seconds: stepMs / 1_000,
      states,
    },
    table: {
      columns: [],
      sentence:
        firing.length === 0
          ? `${id} (${level.severity}) never fires in ${steps} steps`
          : firing
              .map(
                ({ labels, from_seconds, to_seconds }) =>
                  `${id} (${level.severity}) fires from ${from_seconds} s to ${to_seconds} s  ${labelsText(labels)}`,
              )
              .join('\n'),
    },
  };
}
