/** Hands work over to a worker: the line ends at once and says how to watch it. */
import type { Dartwing, OperationInput, OperationType } from '../core/index.js';
import { callOf } from './call.js';
import type { CommandContext } from './context.js';
import type { VerbResult } from './spec.js';

export async function detach<Type extends OperationType>(
  context: CommandContext,
  dartwing: Dartwing,
  organization: string,
  type: Type,
  input: OperationInput<Type>,
): Promise<VerbResult> {
  const { global, commandPath } = context;
  const given = { ...input, ...(global.reason === undefined ? {} : { reason: global.reason }) };
  // Whoever asks twice watches the first.
  const { job } = await dartwing.jobs.submit(
    organization,
    type,
    given,
    { ifNotExists: true },
    callOf(context),
  );
  const verb = commandPath.replaceAll(' ', '.');
  const watch = `dartwing job watch ${job.id}`;
  const dry = global.dryRun ? ' (dry run: nothing was written)' : '';
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Operation',
      id: job.id,
      verb,
      state: 'running',
      done: 0,
      total: null,
      eta_ms: null,
      resume: watch,
      dry_run: global.dryRun,
      result: null,
    },
    table: { columns: [], sentence: `${job.id} will do it, as soon as a worker has a place${dry}` },
    next: [watch, `dartwing job cancel ${job.id}`],
  };
}
