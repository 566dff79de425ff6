/** Answers of the verbs on data keys. */
import { DartwingError } from '../../core/errors.js';
import type { KeyChange } from '../../core/keys/index.js';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import type { Parsed, TableView, VerbResult } from '../spec.js';

/** Columns of keys. */
export const keyTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'org', path: 'organization' },
    { header: 'purpose', path: 'purpose' },
    { header: 'version', path: 'version', align: 'right' },
    { header: 'state', path: 'state' },
    { header: 'provider', path: 'provider' },
    { header: 'rotate by', path: 'rotate_by' },
    { header: 'sealed', path: 'sealed', align: 'right' },
  ],
};

/** The organization of --org, or undefined with --all. @throws ORGANIZATION_REQUIRED, VALIDATION_ERROR (both) */
export function scopeOfKeys(context: CommandContext, { flags }: Parsed): string | undefined {
  if (flags.all === true) {
    if (context.global.org !== undefined)
      throw new DartwingError('VALIDATION_ERROR', { message: 'give either --org or --all' });
    return undefined;
  }
  const organization = context.currentOrganization();
  if (organization === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'An organization', flag: '--org <slug> or --all' });
  return organization;
}

/** The answer of an act on one key. */
export function keyChange(done: KeyChange, sentence: string): VerbResult {
  const { op, ref, before, after, audit, dry_run: dryRun } = done;
  return change({ op, ref, before, after, audit, dryRun, sentence });
}
