/** Approval of dangerous acts: a yes for moderate ones, the typed name for severe ones, never silence. */
import { DartwingError } from '../core/errors.js';
import type { DangerousAct, GlobalFlags } from './context.js';
import type { Io } from './ui/io.js';

/** Returns when the act is approved. Throws CONFIRMATION_REQUIRED, CONFIRMATION_MISMATCH, DECLINED or CANCELED. */
export async function approve(io: Io, global: GlobalFlags, act: DangerousAct): Promise<void> {
  if (global.confirm !== undefined) return compare(global.confirm, act.name);
  if (act.danger === 'moderate' && global.yes) return;
  if (!io.interactive) {
    const flag = act.danger === 'severe' ? `--confirm ${act.name}` : '--yes';
    throw new DartwingError('CONFIRMATION_REQUIRED', { action: `"${act.question}"`, flag });
  }
  const { askText, askYesNo } = await import('./ui/prompt.js');
  if (act.danger === 'moderate') {
    if (!(await askYesNo(io, act.question, '--yes'))) throw new DartwingError('DECLINED');
    return;
  }
  for (const line of act.consequences ?? []) io.say(`  ${line}\n`);
  const typed = await askText(io, `${act.question} Type ${act.name} to go on:`, `--confirm ${act.name}`);
  compare(typed, act.name);
}

function compare(given: string, expected: string): void {
  if (given !== expected) throw new DartwingError('CONFIRMATION_MISMATCH', { given, expected });
}
