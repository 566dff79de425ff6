/** Which conflicts a line means. */
import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import { durationFlag, textFlag } from '../flag-values.js';
import { readIds } from '../ids.js';
import type { Parsed } from '../spec.js';

type ConflictChoice = NonNullable<Parameters<Dartwing['sync']['conflicts']['list']>[1]>;

const filters = { state: '--state', entity: '--entity', olderThan: '--older-than' } as const;
const pageMax = 500;

/** The filters of a line. @throws VALIDATION_ERROR */
export function choiceOf(flags: Parsed['flags']): ConflictChoice {
  const olderMs = durationFlag(flags, 'olderThan');
  return {
    state: textFlag(flags, 'state'),
    doctype: textFlag(flags, 'entity'),
    before: olderMs === undefined ? undefined : new Date(Date.now() - olderMs),
  };
}

/** The ids of a line, or undefined when it means all that its filters find. @throws INPUT_REQUIRED, VALIDATION_ERROR */
export async function idsOrAll(
  context: CommandContext,
  { args, flags }: Parsed,
): Promise<readonly string[] | undefined> {
  const all = flags.all === true;
  const filter = Object.entries(filters).find(([name]) => flags[name] !== undefined)?.[1];
  if (!all && filter !== undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: `A choice by ${filter} among all`, flag: '--all' });
  const ids = await readIds(context, args.id);
  if (all && ids.length > 0)
    throw new DartwingError('VALIDATION_ERROR', { message: 'give either ids or --all' });
  // Nothing on stdin is no mistake: whatever was before it in the pipe found nothing.
  if (!all && (args.id ?? []).length === 0)
    throw new DartwingError('INPUT_REQUIRED', { what: 'Which conflicts', flag: '<id>, - or --all' });
  return all ? undefined : ids;
}

/** Ids of all that a choice finds, oldest first, so that what was filed first is decided first. */
export async function idsOf(
  dartwing: Dartwing,
  organization: string,
  choice: ConflictChoice,
): Promise<string[]> {
  const ids = new Set<string>();
  for (let offset = 0; ; offset += pageMax) {
    const page = await dartwing.sync.conflicts.list(organization, { ...choice, limit: pageMax, offset });
    for (const { id } of page.items) ids.add(id);
    if (page.items.length < pageMax) return [...ids].reverse();
  }
}
