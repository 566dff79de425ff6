import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { callOf } from '../call.js';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import { durationFlag, textFlag } from '../flag-values.js';
import type { Parsed, VerbResult, VerbRun } from '../spec.js';
import { listOf, ruleTable } from './answer.js';
import { tryRule } from './try.js';

export const run: VerbRun = async (context, { args, flags }): Promise<VerbResult> => {
  const act = args.act as string;
  const id = args.rule as string | undefined;
  if (id === undefined && act !== 'list' && act !== 'export')
    throw new DartwingError('VALIDATION_ERROR', { message: `alert rule ${act} needs the name of a rule` });
  if (act === 'test') return tryRule(context, id!, flags);
  const dartwing = await context.open({ selfTest: 'version' });
  const call = callOf(context);
  if (act === 'export')
    return { text: `${JSON.stringify(await dartwing.alerts.exportRules(call), undefined, 2)}\n`, raw: true };
  if (act === 'show') {
    const rule = await dartwing.alerts.rule(id!, call);
    return { document: { api_version: 'dartwing/v1', ...rule } };
  }
  if (act === 'set' || act === 'reset') return alter(context, dartwing, act, id!, flags);
  const preset = textFlag(flags, 'preset');
  const rules = (await dartwing.alerts.rules(call)).filter(
    (rule) => preset === undefined || rule.preset === preset,
  );
  const shown = rules.map((rule) => ({
    ...rule,
    levels: context.io.machine
      ? rule.levels
      : rule.levels.map(
          ({ severity, threshold, for_seconds }) =>
            `${severity} ${threshold}${for_seconds === 0 ? '' : ` for ${for_seconds}s`}`,
        ),
  }));
  return {
    list: listOf('AlertRuleList', shown),
    table: ruleTable,
    empty: 'There is no such preset: operations, product, objectives.',
    footer: 'dartwing alert show <rule>',
  };
};

async function alter(
  context: CommandContext,
  { alerts }: Dartwing,
  act: 'set' | 'reset',
  id: string,
  flags: Parsed['flags'],
): Promise<VerbResult> {
  const call = callOf(context);
  if (flags.on === true && flags.off === true)
    throw new DartwingError('VALIDATION_ERROR', { message: 'give either --on or --off' });
  const forMs = durationFlag(flags, 'for');
  const changes = {
    threshold: thresholdOf(flags),
    forSeconds: forMs === undefined ? undefined : Math.round(forMs / 1_000),
    severity: textFlag(flags, 'severity') as 'critical' | undefined,
    isEnabled: flags.on === true ? true : flags.off === true ? false : undefined,
  };
  const { before, after } = await (act === 'set'
    ? alerts.setRule(id, changes, call)
    : alerts.resetRule(id, call));
  const levels = after.levels.map(
    ({ severity, threshold, for_seconds }) =>
      `${severity} from ${threshold}${for_seconds === 0 ? '' : ` for ${for_seconds} s`}`,
  );
  return change({
    op: JSON.stringify(before) === JSON.stringify(after) ? 'none' : 'update',
    ref: `alert-rule/${id}`,
    before,
    after,
    dryRun: context.global.dryRun,
    sentence: `${id} is ${after.enabled ? `on: ${levels.join(', ')}` : 'off'}`,
    undo: act === 'set' ? `dartwing alert rule reset ${id}` : undefined,
  });
}

function thresholdOf(flags: Parsed['flags']): number | undefined {
  const text = textFlag(flags, 'threshold');
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new DartwingError('VALIDATION_ERROR', {
      message: `--threshold "${text.slice(0, 20)}" is not a number`,
    });
  return value;
}
