import { asDartwingError, DartwingError } from '../../core/errors.js';
import type { SyncRuleSet } from '../../core/index.js';
import { tryRules } from '../../core/sync/index.js';
import { bulkDocument } from '../bulk.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import { reportAnswer } from '../report.js';
import type { VerbResult, VerbRun } from '../spec.js';
import { listOf } from './answer.js';
import { readMappings } from './yaml-input.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const file = textFlag(flags, 'file');
  const entity = args.entity === undefined ? undefined : String(args.entity);
  switch (args.action) {
    case 'set':
      return set(context, organization, await readMappings(context, file, 'A file of rules'));
    case 'test': {
      const cases = await readMappings(context, file, 'A file of cases');
      const dartwing = await context.open({ selfTest: 'version' });
      const { rules } = dartwing.sync;
      const holding = await rules.list(organization, callOf(context));
      return reportAnswer(tryRules(holding, cases), 'Rules');
    }
    case 'show': {
      if (entity === undefined)
        throw new DartwingError('INPUT_REQUIRED', { what: 'A doctype', flag: 'sync rules show Task' });
      const dartwing = await context.open({ selfTest: 'version' });
      const found = await dartwing.sync.rules.show(organization, entity, callOf(context));
      return { document: { ...found }, table: { columns: [], sentence: told(found) } };
    }
    default: {
      const dartwing = await context.open({ selfTest: 'version' });
      const items = await dartwing.sync.rules.list(organization, callOf(context));
      return {
        list: listOf('SyncRuleSetList', items),
        table: {
          columns: [
            { header: 'entity', path: 'entity' },
            { header: 'strategy', path: 'strategy' },
            { header: 'changed by', path: 'set_by' },
            { header: 'changed at', path: 'set_at' },
          ],
        },
      };
    }
  }
};

async function set(
  context: CommandContext,
  organization: string,
  mappings: readonly Record<string, unknown>[],
): Promise<VerbResult> {
  const dartwing = await context.open();
  await context.approve({
    danger: 'moderate',
    question: `Change what happens to edits that meet in ${organization}?`,
    name: organization,
  });
  const done: object[] = [];
  const failed: object[] = [];
  for (const { entity, ...override } of mappings) {
    const ref = `sync-rule/${String(entity ?? '')}`;
    try {
      const change = Object.keys(override).length === 0 ? null : override;
      const { op } = await dartwing.sync.rules.set(
        organization,
        String(entity ?? ''),
        change,
        callOf(context),
      );
      done.push({ ref, op });
    } catch (thrown) {
      const error = asDartwingError(thrown);
      // With one there is nothing else to tell of.
      if (mappings.length === 1) throw error;
      failed.push({ ref, error: { code: error.code, message: error.message } });
    }
  }
  const { dryRun } = context.global;
  return {
    document: bulkDocument(done, failed, context.global),
    partial: failed.length > 0,
    table: {
      columns: [],
      sentence: `${done.length} taken, ${failed.length} not${dryRun ? ' (dry run: nothing was written)' : ''}`,
    },
  };
}

function told({ entity, strategy, rules, override, set_by: by, set_at: at }: SyncRuleSet): string {
  const lines = Object.entries(rules)
    .filter(([name]) => name !== 'strategy')
    .map(
      ([name, value]) =>
        `  ${name.padEnd(11)}  ${Array.isArray(value) ? value.join(', ') : JSON.stringify(value)}`,
    );
  const whose = override === null ? 'as its doctype says' : `changed by ${by} at ${at}`;
  return [`${entity}: ${strategy}, ${whose}`, ...lines].join('\n');
}
