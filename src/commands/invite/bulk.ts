import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { bulkDocument, unaskedMax } from '../bulk.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import { requestId } from '../request-id.js';
import type { VerbRun } from '../spec.js';
import { errorEvent } from '../ui/error.js';
import { whileShown } from '../ui/progress.js';
import { escapeControls } from '../ui/width.js';

const listBytesMax = 4_194_304;
/** So many failures are told to a person. */
const toldMax = 10;

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const csv = await readList(context, textFlag(flags, 'csv'));
  const lines = csv.split('\n').filter((line) => line.trim() !== '').length - 1;
  if (lines > unaskedMax) {
    await context.approve({
      danger: 'moderate',
      question: `Invite ${lines} people to ${organization}?`,
      name: organization,
    });
  }
  const dartwing = await context.open();
  const result = await whileShown(context, 'Inviting', () =>
    dartwing.invitations.bulk(organization, csv, callOf(context)),
  );
  const failed = result.failed.map(({ error, ...rest }) => ({
    ...rest,
    error: errorEvent(error, requestId()).error,
  }));
  for (const { line, error } of result.failed.slice(0, toldMax))
    context.io.note(`  line ${line}: ${escapeControls(error.message)}`);
  if (failed.length > toldMax) context.io.note(`  and ${failed.length - toldMax} more; --json lists all`);
  const { dryRun } = context.global;
  const verb = dryRun ? 'would be invited' : 'invited';
  const dry = dryRun ? ' (dry run: nothing was written)' : '';
  const sentence = `${result.done.length} ${verb}, ${failed.length} failed${dry}`;
  return {
    document: { ...bulkDocument(result.done, failed, context.global) },
    partial: failed.length > 0,
    table: { columns: [], sentence },
  };
};

async function readList(context: CommandContext, file: string | undefined): Promise<string> {
  if (file === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'The list', flag: '--csv <file>, or - for stdin' });
  if (file === '-') return context.io.readStdin(listBytesMax);
  try {
    return readFileSync(resolve(context.cwd, file), 'utf8');
  } catch (error) {
    throw new DartwingError('BAD_FILE', { file, message: (error as Error).message }, { cause: error });
  }
}
