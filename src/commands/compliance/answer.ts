/** Answers of the verbs on compliance. */
import type { Change } from '../../core/access/index.js';
import type { Disabling } from '../../core/compliance/index.js';
import type { CommandContext } from '../context.js';
import { namedOrganization, requireCurrent } from '../org/named.js';
import type { Parsed, TableView } from '../spec.js';

/** The organization of a line: its argument, or that of --org. @throws ORGANIZATION_REQUIRED */
export function organizationOf(context: CommandContext, { args }: Parsed): string {
  return args.org === undefined ? requireCurrent(context) : namedOrganization(context, args.org);
}

/** What became of a wish to take a framework out of force. */
export function disablingSentence({ after }: Change<Disabling>, slug: string): string {
  const { framework, state, asked_by: asker, approved_by: approver, due_at: due, policy } = after!;
  if (state === 'disabled') {
    const left = policy?.frameworks ?? [];
    return `${framework} is disabled for ${slug}; in force: ${left.length === 0 ? 'nothing' : left.join(', ')}`;
  }
  return state === 'approved'
    ? `${approver} approved that ${framework} goes out of force for ${slug} at ${due}`
    : `${asker} asked to disable ${framework} for ${slug}; it waits for somebody else and until ${due}`;
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
