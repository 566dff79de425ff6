import { callOf } from '../call.js';
import type { VerbRun } from '../spec.js';
import { controlLine, organizationOf, statusTable } from './answer.js';

export const runFor =
  (framework: string): VerbRun =>
  async (context, parsed) => {
    const organization = organizationOf(context, parsed);
    const dartwing = await context.open({ selfTest: 'version' });
    const found = await dartwing.compliance.status(organization, framework, callOf(context));
    const state = found.enabled ? 'is enabled for' : 'is not enabled for';
    return {
      document: found,
      findings: parsed.flags.check === true && (found.controls.fail > 0 || !found.enabled),
      table: {
        columns: [],
        sentence: [`${framework} ${state} ${found.org}`, ...found.items.map(controlLine)].join('\n'),
      },
    };
  };

export const run: VerbRun = async (context, parsed) => {
  if (parsed.args.framework !== undefined) return runFor(String(parsed.args.framework))(context, parsed);
  const organization = organizationOf(context, parsed);
  const dartwing = await context.open({ selfTest: 'version' });
  const items = await dartwing.compliance.statuses(organization, callOf(context));
  return {
    list: {
      api_version: 'dartwing/v1',
      kind: 'ComplianceStatusList',
      items,
      total_count: items.length,
    },
    findings: parsed.flags.check === true && items.some(({ controls }) => controls.fail > 0),
    table: statusTable,
    empty: `No framework is enabled for ${organization}. Enable one: dartwing hipaa enable ${organization}`,
  };
};
