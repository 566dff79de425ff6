import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { callOf } from '../call.js';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import type { VerbResult, VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { trailOf } from './filter.js';

export const run: VerbRun = async (context, { flags }) => {
  const to = textFlag(flags, 'to');
  if (flags.rotate === true) return rotate(context);
  const dartwing = await context.open();
  const organization = await trailOf(context, dartwing);
  const { dryRun } = context.global;
  const document = await whileShown(context, 'Signing trails', () =>
    dartwing.audit.checkpoint({ organization, dryRun }, callOf(context)),
  );
  const { signed, refused, note, verifiers } = document;
  if (to !== undefined && !dryRun) await writeNotes(context, dartwing, { to, organization });
  if (to === '-') return { nothing: true, findings: refused.length > 0 };
  const lines = [
    `${signed} trails ${dryRun ? 'would be signed (dry run: nothing was written)' : 'signed'}`,
    ...refused.map(({ organization: trail, what }) => `${trail} refused: ${what}`),
    ...(note === null ? [] : ['', note.trimEnd()]),
    ...(verifiers.length === 0 ? [] : ['', `Verifier key  ${verifiers.at(-1)}`]),
  ];
  return {
    document,
    findings: refused.length > 0,
    table: { columns: [], sentence: lines.join('\n') },
    next: refused.length > 0 ? ['dartwing audit verify --all'] : [],
  };
};

async function writeNotes(
  context: CommandContext,
  dartwing: Dartwing,
  { to, organization }: { to: string; organization: string | undefined },
): Promise<void> {
  const { items } = await dartwing.audit.checkpoints({ organization }, callOf(context));
  const text = items.map(({ note }) => note).join('\n');
  if (to === '-') return void context.io.out.write(text);
  await writeFile(resolve(context.cwd, to), text, { flush: true }).catch((error: NodeJS.ErrnoException) => {
    throw new DartwingError('BAD_FILE', { file: to, message: String(error.code) }, { cause: error });
  });
}

async function rotate(context: CommandContext): Promise<VerbResult> {
  context.reason('Rotating the signing key');
  const dartwing = await context.open();
  const ref = 'audit-signer';
  if (context.global.dryRun)
    return change({
      op: 'create',
      ref,
      before: null,
      after: {},
      dryRun: true,
      sentence: 'The next signing key would be announced and used',
    });
  const { generation, from, to } = await dartwing.audit.rotateSigner(callOf(context));
  return change({
    op: 'create',
    ref: `${ref}/${generation}`,
    before: { verifier: from },
    after: { verifier: to, generation },
    dryRun: false,
    sentence: `Checkpoints are signed by generation ${generation}: ${to}`,
    next: ['Give the new verifier key to those who check proofs'],
  });
}
