import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeTarget } from '../../core/db/index.js';
import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { packageRoot } from '../../core/package-root.js';
import type { CommandContext } from '../context.js';
import { durationFlag, textFlag } from '../flag-values.js';
import { importFile } from '../import-file.js';
import { openRedisProbe } from '../redis-probe.js';
import { isServer } from '../server-address.js';
import type { VerbRun } from '../spec.js';
import type { Action } from './model.js';
import { type Panel, panels, takeSample } from './sample.js';
import { columnsMin, rowsMin, summaryOf } from './view.js';

const intervalMsDefault = 2_000;
const intervalMsMin = 500;

export const run: VerbRun = async (context, { flags }) => {
  const { io, signal } = context;
  const panel = textFlag(flags, 'panel') ?? 'all';
  const only: readonly Panel[] = panel === 'all' ? panels : [panel as Panel];
  const intervalMs = durationFlag(flags, 'interval') ?? intervalMsDefault;
  if (intervalMs < intervalMsMin)
    throw new DartwingError('VALIDATION_ERROR', { message: 'top looks twice a second at most' });
  const dartwing = await context.open({ selfTest: 'version' });
  const { redisUrl, url } = context.config.values;
  // What a server has of Redis is not ours to ask.
  const redis = redisUrl === undefined || isServer(url) ? undefined : openRedisProbe(redisUrl);
  context.defer(async () => redis?.close());
  const look = (organization: string | undefined) =>
    takeSample(dartwing, { organization, only, now: () => new Date(), askRedis: redis?.ask });
  const organization = context.currentOrganization();
  const { columns = 0, rows = 0 } = process.stdout;
  const hasScreen = io.interactive && io.out.isTTY && columns >= columnsMin && rows >= rowsMin;
  if (flags.once === true || !hasScreen) {
    const sample = await look(organization);
    return { document: { ...sample }, table: { columns: [], sentence: summaryOf(sample) } };
  }
  // React's development half would write warnings into the screen.
  process.env.NODE_ENV = 'production';
  const file = join(packageRoot(), 'dist', 'cli', 'top', 'screen.mjs');
  const { showScreen } = await importFile<typeof import('./screen.js')>(pathToFileURL(file).href);
  await showScreen({
    process,
    only,
    intervalMs,
    where: context.global.profile ?? whereOf(context),
    unicode: io.out.palette.signs.ok === '✓',
    colour: io.out.palette.red('x') !== 'x',
    signal,
    look,
    act: (action) => act(dartwing, action),
    organization,
  });
  context.endAtOnce();
  return { nothing: true };
};

function whereOf({ config }: CommandContext): string {
  const { url } = config.values;
  if (isServer(url)) return new URL(url).host;
  return url === undefined ? 'embedded' : describeTarget(url);
}

/** What keys do; on record, with where it was done. */
async function act({ jobs }: Dartwing, { kind, queue }: Action): Promise<string> {
  const call = { reason: 'dartwing top' };
  if (kind === 'pause') {
    await jobs.queues.pause(queue, {}, call);
    return `${queue} is paused; p resumes it`;
  }
  if (kind === 'resume') {
    await jobs.queues.resume(queue, call);
    return `${queue} goes on`;
  }
  const { done, failed } = await jobs.deadLetters.replayMany({ queue }, {}, call);
  return `${done.length} replayed, ${failed.length} failed`;
}
