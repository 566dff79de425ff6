/** Answers of the verbs on compliance. */
import type { CommandContext } from '../context.js';
import { namedOrganization, requireCurrent } from '../org/named.js';
import type { Parsed, TableView } from '../spec.js';

/** The organization of a line: its argument, or that of --org. @throws ORGANIZATION_REQUIRED */
export function organizationOf(context: CommandContext, { args }: Parsed): string {
  return args.org === undefined ? requireCurrent(context) : namedOrganization(context, args.org);
}

/** How one control looks to a person. */
export function controlLine({
  id,
  result,
  evidence,
  fix,
}: {
  id: string;
  result: string;
  evidence: string;
  fix?: string | undefined;
}): string {
  const line = `${result.padEnd(4)}  ${id.padEnd(16)}  ${evidence}`;
  return fix === undefined || result === 'pass' ? line : `${line}\n      Fix   ${fix}`;
}

export const statusTable: TableView = {
  columns: [
    { header: 'framework', path: 'framework' },
    { header: 'org', path: 'org' },
    { header: 'pass', path: 'controls.pass', align: 'right' },
    { header: 'warn', path: 'controls.warn', align: 'right' },
    { header: 'fail', path: 'controls.fail', align: 'right' },
    { header: 'policy', path: 'policy_version', align: 'right' },
    { header: 'checked', path: 'checked_at' },
  ],
};
