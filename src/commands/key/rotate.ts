import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import type { Rotated, RotationProgress, RotationResult } from '../../core/keys/index.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { detach } from '../detach.js';
import { rateFlag, textFlag } from '../flag-values.js';
import { operationDocument } from '../operation.js';
import type { Parsed, VerbResult, VerbRun } from '../spec.js';
import { type Progress, startProgress } from '../ui/progress.js';
import { scopeOfKeys } from './answer.js';

export const run: VerbRun = async (context, parsed) => {
  context.reason('Rotating keys');
  const { flags } = parsed;
  const organization = scopeOfKeys(context, parsed);
  const perSecond = rateFlag(flags, 'rate');
  const dartwing = await context.open();
  const whose = organization ?? 'every organization';
  const act = flags.rewrap === true ? 'Rewrap' : 'Rotate';
  await context.approve({
    danger: 'moderate',
    question: `${act} the keys of ${whose}?`,
    name: organization ?? 'all',
  });
  if (flags.rewrap === true) return rewrap(context, dartwing, organization);
  if (flags.detach === true) {
    // What a worker repeats must not make a key each time: only a rotation that reseals goes on where it stopped.
    if (organization === undefined || flags.reseal !== true)
      throw new DartwingError('VALIDATION_ERROR', {
        message: '--detach takes one organization (--org) and --reseal',
      });
    const input = { purpose: textFlag(flags, 'purpose'), perSecond };
    return detach(context, dartwing, organization, 'operation.key_rotate', input);
  }
  const showing = progressOf(context);
  try {
    const result = await dartwing.keys.rotate(
      {
        organization,
        purpose: textFlag(flags, 'purpose'),
        reseal: flags.reseal === true,
        perSecond,
        signal: context.signal,
        onProgress: showing.show,
      },
      callOf(context),
    );
    return answer(context, result, resumeLine(parsed, organization));
  } finally {
    showing.end();
  }
};

/** One bar for each organization and purpose that takes its time. */
function progressOf({ io }: CommandContext) {
  let shown: { key: string; progress: Progress } | undefined;
  const end = () => shown?.progress.end();
  return {
    end,
    show: ({ organization, purpose, done, total, failed }: RotationProgress) => {
      const key = `${organization} ${purpose}`;
      if (shown?.key !== key) {
        end();
        const title = `Resealing ${purpose} of ${organization}`;
        shown = { key, progress: startProgress(io, { title, total, done, op: 'key.rotate' }) };
      }
      shown.progress.update(done + failed);
    },
  };
}

function answer({ global }: CommandContext, { done, failed }: RotationResult, resume: string): VerbResult {
  const sum = (count: (rotated: Rotated) => number) =>
    done.reduce((total, rotated) => total + count(rotated), 0);
  const resealed = sum((rotated) => rotated.resealed);
  const partial = failed.length > 0 || done.some(({ state }) => state === 'incomplete');
  const lines = done.map(lineOf);
  const failures = failed.map(
    ({ organization, purpose, error }) =>
      `${organization} ${purpose}: ${error.message} (dartwing explain ${error.code})`,
  );
  const nothing = global.dryRun ? 'Nothing would be rotated' : 'There is no key to rotate';
  const sentence = [...lines, ...failures].join('\n') || nothing;
  return {
    document: operationDocument({
      id: done[0]?.new_key ?? 'key.rotate',
      verb: 'key.rotate',
      state: partial ? 'failed' : 'completed',
      done: resealed,
      total: sum(({ total }) => total),
      resume: partial ? resume : undefined,
      dryRun: global.dryRun,
      result: {
        new_key: done.length === 1 ? done[0]!.new_key : null,
        resealed,
        rotations: done,
        failed: failed.map(({ organization, purpose, error }) => ({
          organization,
          purpose,
          error: { code: error.code, message: error.message },
        })),
      },
    }),
    partial,
    table: { columns: [], sentence: global.dryRun ? `${sentence} (dry run: nothing was written)` : sentence },
    ...(partial ? { next: ['dartwing key verify', resume] } : {}),
  };
}

function lineOf({ organization, purpose, state, new_key: key, total, resealed, proof }: Rotated): string {
  const whose = `${organization} ${purpose}`;
  if (state === 'planned') return `${whose}: a new key, and ${total} values to reseal`;
  if (state === 'switched')
    return `${whose}: the new key is ${key}; the former one still opens what it sealed`;
  const left = (proof ?? []).reduce((sum, { count }) => sum + count, 0);
  const columns = new Set((proof ?? []).map(({ table, column }) => `${table}.${column}`)).size;
  if (state === 'done')
    return `${whose}: ${resealed} values are sealed with ${key}; former keys seal 0 values in ${columns} columns`;
  return `${whose}: ${resealed} values are sealed with ${key}; ${left} could not be resealed and keep their former key`;
}

/** The same line, which goes on where it stopped. */
function resumeLine({ flags }: Parsed, organization: string | undefined): string {
  const whose = organization === undefined ? '--all' : `--org ${organization}`;
  return `dartwing key rotate ${whose}${flags.reseal === true ? ' --reseal' : ''} --reason "…"`;
}

async function rewrap(
  context: CommandContext,
  dartwing: Dartwing,
  organization: string | undefined,
): Promise<VerbResult> {
  const { rewrapped, total } = await dartwing.keys.rewrap({ organization }, callOf(context));
  const sentence = context.global.dryRun
    ? `${total} data keys would be wrapped anew`
    : `${rewrapped} of ${total} data keys are wrapped with the master key of today`;
  return {
    document: operationDocument({
      id: 'key.rewrap',
      verb: 'key.rotate',
      done: rewrapped,
      total,
      dryRun: context.global.dryRun,
      result: { rewrapped },
    }),
    table: { columns: [], sentence },
  };
}
