/** Which dead letters a line means. */
import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { textFlag, timeFlag } from '../flag-values.js';
import { readIds } from '../ids.js';
import type { Parsed } from '../spec.js';

export interface Choice {
  type?: string | undefined;
  error?: string | undefined;
  queue?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  organization?: string | undefined;
}

/** The filters of a line. @throws VALIDATION_ERROR */
export function choiceOf(context: CommandContext, flags: Parsed['flags']): Choice {
  const now = new Date();
  return {
    type: textFlag(flags, 'type'),
    error: textFlag(flags, 'error'),
    queue: textFlag(flags, 'queue'),
    since: timeFlag(flags, 'since', now),
    until: timeFlag(flags, 'until', now),
    organization: context.currentOrganization(),
  };
}

/** The ids of a line, or undefined when it means all that its filters find. @throws INPUT_REQUIRED */
export async function idsOrAll(
  context: CommandContext,
  { args, flags }: Parsed,
): Promise<readonly string[] | undefined> {
  const all = flags.all === true;
  const filter = ['type', 'error', 'queue', 'since', 'until'].find((name) => flags[name] !== undefined);
  if (!all && filter !== undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: `A choice by --${filter} among all`, flag: '--all' });
  const ids = await readIds(context, args.id);
  if (all && ids.length > 0)
    throw new DartwingError('VALIDATION_ERROR', { message: 'give either ids or --all' });
  // Nothing on stdin is no mistake: whatever was before it in the pipe found nothing.
  if (!all && ids.length === 0 && (args.id ?? []).length === 0)
    throw new DartwingError('INPUT_REQUIRED', { what: 'Which dead letters', flag: '<id>, - or --all' });
  return all ? undefined : ids;
}

/** The choice as a person would say it: `of email.send with SMTP_REFUSED in acme`. */
export function wordsOf({ type, error, queue, organization }: Choice): string {
  return [
    type === undefined ? '' : `of ${type}`,
    error === undefined ? '' : `with ${error}`,
    queue === undefined ? '' : `in the queue ${queue}`,
    organization === undefined ? 'of all organizations' : `of ${organization}`,
  ]
    .filter((word) => word !== '')
    .join(' ');
}

/** The flags that make the same choice again. */
export function flagsOf({ type, error, queue, since, organization }: Choice): string[] {
  const flag = (name: string, value: string | undefined) => (value === undefined ? [] : [`--${name}`, value]);
  return [
    ...flag('type', type),
    ...flag('error', error),
    ...flag('queue', queue),
    ...flag('since', since?.toISOString()),
    ...flag('org', organization),
  ];
}
