/** Everything that `up` runs in its process. */

import type { DartwingError } from '../../core/errors.js';
import { createDartwing, type Dartwing } from '../../core/index.js';
import type { Log } from '../../core/log.js';
import { createServer, type Listening } from '../../server/index.js';
import type { CommandContext } from '../context.js';
import { loadModules } from '../modules.js';
import type { Target } from '../open.js';
import { logJobs } from '../worker/log-jobs.js';
import { hearSignals } from '../worker/signals.js';

/** The core, its server and its work, as they run until a key or a signal ends them. */
export interface Running {
  dartwing: Dartwing;
  url: string;
  /** Lets jobs finish, then closes everything. May be called again. */
  close(): Promise<void>;
}

/** Opens the core, listens and works. What was started ends again when something fails. */
export async function startEverything(
  context: CommandContext,
  target: Target,
  log: Log,
  { port, withWork }: { port: number | undefined; withWork: boolean },
): Promise<Running> {
  const dartwing = await createDartwing({ ...target.options, background: true, log });
  const closers: (() => Promise<void>)[] = [() => dartwing.close()];
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    for (const closer of closers.reverse()) await closer();
  };
  const closeOnce = (): Promise<void> => {
    closed ??= close();
    return closed;
  };
  try {
    await loadModules(context, dartwing);
    const listening = await listen(context, dartwing, port);
    closers.push(() => listening.close());
    if (withWork) closers.push(await startWork(dartwing, log));
    dartwing.alerts.watch();
    return { dartwing, url: listening.url, close: closeOnce };
  } catch (error) {
    await closeOnce();
    throw error;
  }
}

/** A worker and the schedules, in this process. A second signal puts back what still runs. */
async function startWork(dartwing: Dartwing, log: Log): Promise<() => Promise<void>> {
  dartwing.jobs.observe(logJobs(log));
  const worker = dartwing.jobs.work();
  const signals = hearSignals(process, () => void worker.stop());
  await worker.ready;
  const scheduler = dartwing.jobs.schedules.start();
  return async () => {
    await scheduler.stop();
    await worker.stop();
    signals.forget();
  };
}

/** The wished port; without a wish the usual one, or any when that is taken. */
async function listen(
  context: CommandContext,
  dartwing: Dartwing,
  port: number | undefined,
): Promise<Listening> {
  const { operatorToken } = context.config.values;
  const server = createServer(dartwing, { realtime: true, operatorToken });
  const usual = context.config.values.port;
  const wished = port ?? (context.config.origin('port').source === 'default' ? undefined : usual);
  if (wished !== undefined) return server.listen({ port: wished });
  return server.listen({ port: usual }).catch((error: DartwingError) => {
    if (error.code !== 'PORT_IN_USE') throw error;
    return server.listen({ port: 0 });
  });
}
