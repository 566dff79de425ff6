import { once } from 'node:events';
import type { Dartwing, JobWorker, WorkerOptions } from '../../core/index.js';
import type { QueueName } from '../../core/jobs/index.js';
import type { CommandContext } from '../context.js';
import { durationFlag, numberFlag, textFlag } from '../flag-values.js';
import { commandLog } from '../log.js';
import { loadModules } from '../modules.js';
import type { Parsed, VerbResult, VerbRun } from '../spec.js';
import { logJobs } from './log-jobs.js';
import { hearSignals } from './signals.js';

export const run: VerbRun = async (context, { flags }) => {
  const options = optionsOf(flags);
  const isOnce = flags.once === true;
  const log = await commandLog(context);
  const dartwing = await context.open({ background: true, beside: true, log });
  await loadModules(context, dartwing);
  dartwing.jobs.observe(logJobs(log));

  const metrics = await serveMetrics(context, flags, dartwing);
  const worker = dartwing.jobs.work(options);
  const signals = hearSignals(process, () => void worker.stop());
  context.defer(signals.forget);
  await worker.ready;
  if (!isOnce) dartwing.alerts.watch();
  // A worker that ends by itself leaves the clock to those that stay.
  const isScheduling = flags.scheduler === undefined ? !isOnce : flags.scheduler === true;
  const scheduler = isScheduling ? dartwing.jobs.schedules.start() : undefined;
  const types = (await dartwing.jobs.types()).filter((type) => type.is_defined).map(({ name }) => name);
  log.info({ worker: worker.id, pid: process.pid, types, scheduler: isScheduling, metrics }, 'ready');

  await endOf(context, worker, isOnce);
  if (context.signal.aborted) log.info({ running: worker.running }, 'draining');
  await scheduler?.stop();
  const { completed, failed, released, dead } = await worker.stop();
  return answer(context, {
    reason: signals.first ?? (context.signal.aborted ? 'timeout' : 'empty'),
    completed,
    failed,
    released,
    dead_letter: dead,
  });
};

function optionsOf(flags: Parsed['flags']): WorkerOptions {
  const queues = textFlag(flags, 'queue')
    ?.split(',')
    .map((name) => name.trim() as QueueName);
  return {
    queues,
    concurrency: numberFlag(flags, 'concurrency', 1, 1_000),
    drainMs: durationFlag(flags, 'drainTimeout'),
    name: textFlag(flags, 'id'),
  };
}

/** Address of /metrics, where it is asked for. @throws PORT_IN_USE */
async function serveMetrics(
  context: CommandContext,
  flags: Parsed['flags'],
  dartwing: Dartwing,
): Promise<string | undefined> {
  const port = numberFlag(flags, 'metricsPort', 0, 65_535);
  if (port === undefined) return undefined;
  const { listenForMetrics } = await import('../../server/index.js');
  const { url, close } = await listenForMetrics(dartwing, {
    port,
    token: context.config.values.operatorToken,
  });
  context.defer(close);
  return url;
}

/** Resolves when it is told to end, or with --once when nothing is left to do. */
async function endOf({ signal }: CommandContext, worker: JobWorker, isOnce: boolean): Promise<void> {
  if (signal.aborted) return;
  const told = once(signal, 'abort');
  await (isOnce ? Promise.race([told, worker.empty()]) : told);
}

interface Exit extends Record<string, unknown> {
  reason: string;
  completed: number;
  failed: number;
  released: number;
  dead_letter: number;
}

/** The last line; where nobody reads it at a terminal it is one of JSON in every form but YAML. */
function answer({ io, global }: CommandContext, exit: Exit): VerbResult {
  const document = { api_version: 'dartwing/v1' as const, kind: 'WorkerExit', ...exit };
  const findings = exit.dead_letter > 0;
  if (global.field === undefined && global.output !== 'yaml' && !(global.output === 'table' && io.out.isTTY))
    return { text: `${JSON.stringify(document)}\n`, findings, raw: true };
  const { reason, completed, failed, released, dead_letter } = exit;
  const sentence =
    `Ended (${reason}): ${completed} completed, ${failed} attempts failed, ${dead_letter} of them for good, ` +
    `${released} put back`;
  return { document, findings, table: { columns: [], sentence } };
}
