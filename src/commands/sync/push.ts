import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import type { Operation } from '../../core/index.js';
import { limits } from '../../core/limits.js';
import { bulkDocument } from '../bulk.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { type Progress, whileShown } from '../ui/progress.js';

const bytesMax = 16_777_216;

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const operations = parse(await read(context, textFlag(flags, 'file')));
  const device = textFlag(flags, 'client') ?? 'cli';
  const dartwing = await context.open();
  const done: object[] = [];
  const failed: object[] = [];
  // Batches of one push after another: the order of the file is the order in which things happened.
  let taken = 0;
  const pushAll = async (progress: Progress) => {
    for (; taken < operations.length && !(taken > 0 && context.signal.aborted); taken += limits.pushMax) {
      const batch = operations.slice(taken, taken + limits.pushMax);
      const { results } = await dartwing.sync.push(
        organization,
        { device, operations: batch },
        callOf(context),
      );
      progress.update(taken + batch.length);
      for (const { doctype, name, outcome, version, status, error, conflict } of results) {
        const ref = `document/${doctype}/${name ?? ''}`;
        if (status === 'success') done.push({ ref, outcome, version });
        else failed.push({ ref, outcome, error: error ?? { code: 'CONFLICT', conflict } });
      }
    }
  };
  await whileShown(context, 'Sending operations', pushAll, operations.length);
  const dry = context.global.dryRun ? ' (dry run: nothing was written)' : '';
  return {
    document: bulkDocument(done, failed, context.global),
    partial: failed.length > 0,
    whole: taken >= operations.length,
    table: { columns: [], sentence: `${done.length} taken, ${failed.length} not${dry}` },
  };
};

async function read({ io, cwd }: CommandContext, file: string | undefined): Promise<string> {
  if (file === undefined)
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'A file of operations',
      flag: '--file <file>, or - for stdin',
    });
  if (file === '-') return io.readStdin(bytesMax);
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new DartwingError('BAD_FILE', { file, message: (error as Error).message }, { cause: error });
  }
}

function parse(text: string): Operation[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as Operation;
    } catch (error) {
      throw new DartwingError(
        'BAD_FILE',
        { file: 'the operations', message: `line ${index + 1} is not JSON` },
        { cause: error },
      );
    }
  });
}
