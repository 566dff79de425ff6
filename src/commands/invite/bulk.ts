import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import { requestId } from '../request-id.js';
import type { VerbRun } from '../spec.js';
import { errorEvent } from '../ui/error.js';

const listBytesMax = 4_194_304;
/** Above so many lines a yes is asked for. */
const unaskedMax = 10;

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
  const result = await dartwing.invitations.bulk(organization, csv, callOf(context));
  const failed = result.failed.map(({ error, ...rest }) => ({
    ...rest,
    error: errorEvent(error, requestId()).error,
  }));
  for (const { error } of result.failed.slice(0, unaskedMax)) context.io.note(`  ${error.message}`);
  const summary = { done: result.done.length, failed: failed.length };
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Bulk',
      done: result.done,
      failed,
      summary,
      dry_run: context.global.dryRun,
    },
    partial: failed.length > 0,
    table: { columns: [], sentence: `${summary.done} invited, ${summary.failed} failed` },
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
