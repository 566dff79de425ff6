import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import type { ApplyResult, Dartwing, Plan } from '../../core/index.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { textFlag, textsFlag } from '../flag-values.js';
import { requestId } from '../request-id.js';
import type { Parsed, VerbResult, VerbRun } from '../spec.js';
import { errorEvent } from '../ui/error.js';
import { startProgress } from '../ui/progress.js';
import { changesSomething, planDocument, planText } from './answer.js';
import { readSources } from './sources.js';

export const run: VerbRun = async (context, parsed) => {
  const planOut = textFlag(parsed.flags, 'planOut');
  const read = await readInput(context, parsed);
  const dartwing = await context.open();
  const plan = await read(dartwing);
  if (planOut !== undefined) await savePlan(context, planOut, plan);
  if (planOut !== undefined || context.global.dryRun) {
    const findings = parsed.flags.exitCode === true && changesSomething(plan);
    return {
      document: { ...planDocument(plan), dry_run: true },
      findings,
      table: { columns: [], sentence: planText(context.io, plan) },
    };
  }
  await approveRemovals(context, plan);
  // A plan file was reviewed as it is. Documents only say how it shall be, whoever was faster.
  return carryOut(context, dartwing, plan, parsed.args.plan === undefined ? 'goOn' : 'refuse');
};

/** Reads everything that can be wrong before the database is asked. */
async function readInput(
  context: CommandContext,
  { args, flags }: Parsed,
): Promise<(dartwing: Dartwing) => Promise<Plan>> {
  const names = textsFlag(flags, 'file');
  if (args.plan === undefined) {
    const files = await readSources(context, names);
    return (dartwing) => dartwing.apply.plan(files, { prune: flags.prune === true });
  }
  if (names.length > 0 || flags.prune === true) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'give either a plan file or -f; a plan already says whether to prune',
    });
  }
  const plan = await readPlan(context, String(args.plan));
  return async () => plan;
}

async function readPlan({ cwd }: CommandContext, file: string): Promise<Plan> {
  const text = await readFile(resolve(cwd, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new DartwingError('BAD_FILE', {
      file,
      message: error.code === 'ENOENT' ? 'there is no such file' : error.message,
    });
  });
  const bad = (message: string) => new DartwingError('BAD_FILE', { file, message });
  let plan: Partial<Plan>;
  try {
    plan = JSON.parse(text) as Partial<Plan>;
  } catch (error) {
    throw bad(
      `it is no JSON (a plan comes from --plan-out; documents are given with -f): ${(error as Error).message}`,
    );
  }
  const whole =
    plan?.kind === 'Plan' &&
    Array.isArray(plan.actions) &&
    Array.isArray(plan.documents) &&
    typeof plan.hash === 'string' &&
    typeof plan.seen === 'object';
  if (!whole) throw bad('it is not a plan from dartwing apply --plan-out');
  return plan as Plan;
}

async function savePlan({ cwd, io }: CommandContext, file: string, plan: Plan): Promise<void> {
  await writeFile(resolve(cwd, file), `${JSON.stringify(plan, null, 2)}\n`).catch((error: Error) => {
    throw new DartwingError('BAD_FILE', { file, message: error.message }, { cause: error });
  });
  io.note(`Plan written. Carry it out: dartwing apply ${file}`);
}

async function approveRemovals(context: CommandContext, plan: Plan): Promise<void> {
  const removals = plan.actions.filter((action) => action.danger === 'severe');
  if (removals.length === 0) return;
  await context.approve({
    danger: 'severe',
    question: `Apply a plan that removes ${removals.length} members?`,
    name: 'prune',
    consequences: removals.map(({ ref }) => `- ${ref}`),
  });
}

async function carryOut(
  context: CommandContext,
  dartwing: Dartwing,
  plan: Plan,
  onStale: 'refuse' | 'goOn',
): Promise<VerbResult> {
  if (!changesSomething(plan)) return answer(context, plan, { done: [], failed: [] });
  const progress = startProgress(context.io, {
    title: 'Applying',
    total: plan.documents.length,
    op: 'apply',
  });
  try {
    const onProgress = (done: number): void => progress.update(done);
    return answer(
      context,
      plan,
      await dartwing.apply.execute(plan, callOf(context), { onStale, onProgress }),
    );
  } finally {
    progress.end();
  }
}

function answer({ io }: CommandContext, plan: Plan, { done, failed }: ApplyResult): VerbResult {
  const changes = done.flatMap((organization) => organization.changes);
  const failures = failed.map(({ ref, error }) => ({ ref, error: errorEvent(error, requestId()).error }));
  const told = failed.map(({ ref, error }) => `failed ${ref}: ${error.message}`);
  return {
    document: { ...planDocument(plan), applied: true, changes, failed: failures },
    partial: failed.length > 0,
    table: { columns: [], sentence: [planText(io, plan), ...told].join('\n') },
  };
}
