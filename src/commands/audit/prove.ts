import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { change } from '../change.js';
import { numberFlag, textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { trailNamed } from './filter.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const seq = numberFlag({ seq: String(args.seq) }, 'seq', 1, Number.MAX_SAFE_INTEGER)!;
  const sinceSize = numberFlag(flags, 'sinceSize', 1, Number.MAX_SAFE_INTEGER);
  const to = textFlag(flags, 'to');
  const dartwing = await context.open();
  const organization = await trailNamed(dartwing, String(args.org));
  const proof = await whileShown(context, 'Proving', () =>
    dartwing.audit.prove({ organization, seq, sinceSize }, callOf(context)),
  );
  const text = `${JSON.stringify(proof, null, 2)}\n`;
  if (to === undefined) return { document: proof, table: { columns: [], sentence: text.trimEnd() } };
  await writeFile(resolve(context.cwd, to), text, { flush: true }).catch((error: NodeJS.ErrnoException) => {
    throw new DartwingError('BAD_FILE', { file: to, message: String(error.code) }, { cause: error });
  });
  return change({
    op: 'create',
    ref: `file/${to}`,
    before: null,
    after: { file: to, organization, seq, verifier: proof.verifier },
    dryRun: false,
    sentence: `The proof of entry ${seq} is in ${to}; it was signed by ${proof.verifier}`,
    next: [`dartwing audit check-proof ${to}`],
  });
};
