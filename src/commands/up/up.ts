import { once } from 'node:events';
import { join } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { createDartwing, type Dartwing, migrateInstallation } from '../../core/index.js';
import type { Log } from '../../core/log.js';
import { createServer, type Listening } from '../../server/index.js';
import { readSources } from '../apply/sources.js';
import type { CommandContext } from '../context.js';
import { numberFlag, textFlag } from '../flag-values.js';
import { loadModules } from '../modules.js';
import { findTarget, shownPath } from '../open.js';
import type { Document, Parsed, VerbRun } from '../spec.js';
import { requireTemplate } from '../templates.js';
import { logJobs, workerLog } from '../worker/log.js';
import { hearSignals } from '../worker/signals.js';
import { holdFolder } from './hold.js';

export const run: VerbRun = async (context, { flags }) => {
  const { io, cwd, signal } = context;
  const port = numberFlag(flags, 'port', 0, 65_535);
  const sources = await seedSources(context, flags);
  const target = await findTarget(context);
  const folder = target.data ?? context.config.values.data;
  const hold = await holdFolder(folder, shownPath(cwd, folder), target.options.url);
  context.defer(hold.release);
  if (target.keyCreated) {
    io.note(
      `Made a master key for development: ${shownPath(cwd, join(folder, 'master.key'))} (keep it with the data)`,
    );
  }

  const migrated = await migrateInstallation(target.options);
  if (migrated.applied.length > 0) io.note(`Schema at ${migrated.to}`);
  const log = await workerLog(context, 'warn');
  const dartwing = await createDartwing({ ...target.options, background: true, log });
  context.defer(() => dartwing.close());
  await loadModules(context, dartwing);
  const organization = await firstOrganization(dartwing, sources);

  const stopWork = flags.worker === false ? undefined : await startWork(context, dartwing, log);
  const listening = await listen(context, dartwing, port);
  context.defer(() => listening.close());
  hold.announce(listening.url);
  const ready = readyDocument(context, target.options.url, target.data, listening, organization);
  await io.out.write(io.machine ? `${JSON.stringify(ready)}\n` : `dartwing is up at ${listening.url}\n`);
  io.note(hints(organization));
  if (!signal.aborted) await once(signal, 'abort');
  io.note('Stopping');
  await stopWork?.();
  return { nothing: true };
};

/** A worker and the schedules, in this process. A second signal puts back what still runs. */
async function startWork(
  context: CommandContext,
  dartwing: Dartwing,
  log: Log,
): Promise<() => Promise<void>> {
  dartwing.jobs.observe(logJobs(log));
  const worker = dartwing.jobs.work();
  const signals = hearSignals(process, () => void worker.stop());
  context.defer(signals.forget);
  await worker.ready;
  const scheduler = dartwing.jobs.schedules.start();
  return async () => {
    await scheduler.stop();
    await worker.stop();
  };
}

/** What the first organization is made from; read before anything is started, so that a mistake costs nothing. */
async function seedSources(context: CommandContext, flags: Parsed['flags']) {
  const seed = textFlag(flags, 'seed');
  const template = textFlag(flags, 'template');
  if (seed !== undefined && template !== undefined) {
    throw new DartwingError('VALIDATION_ERROR', { message: 'give either --seed or --template' });
  }
  const file = seed ?? join(requireTemplate(template ?? 'minimal').directory, 'org.yaml');
  const { parseDocuments } = await import('../../core/apply/index.js');
  const sources = await readSources(context, [file]);
  await parseDocuments(sources);
  return { files: sources, always: seed !== undefined };
}

/** Applies the seed when there is no organization, or when it was asked for. Returns the slug to begin with. */
async function firstOrganization(
  dartwing: Dartwing,
  { files, always }: Awaited<ReturnType<typeof seedSources>>,
): Promise<string | undefined> {
  const call = { reason: 'first organization of dartwing up' };
  const { total_count } = await dartwing.tenancy.list({ limit: 1 }, call);
  if (total_count === 0 || always) {
    const { failed } = await dartwing.apply.execute(await dartwing.apply.plan(files, {}, call), call);
    if (failed[0]) throw failed[0].error;
  }
  return (await dartwing.tenancy.list({ state: 'active', limit: 1 }, call)).items[0]?.slug;
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

function readyDocument(
  context: CommandContext,
  databaseUrl: string,
  data: string | undefined,
  { url }: Listening,
  org: string | undefined,
): Document {
  const address = new URL(databaseUrl);
  address.password = '';
  return {
    api_version: 'dartwing/v1',
    kind: 'DevReady',
    url,
    database_url: address.href,
    engine: data === undefined ? 'postgres' : 'embedded-postgres',
    pid: process.pid,
    org: org ?? null,
    ...(data === undefined ? {} : { data: shownPath(context.cwd, data) }),
  };
}

function hints(organization: string | undefined): string {
  const slug = organization ?? 'acme';
  return [
    'Try in another terminal:',
    '  dartwing org list',
    `  dartwing org show ${slug} -o yaml --with members`,
    '  dartwing org create acme --type company --owner ana@acme.test',
    `  dartwing audit query --org ${slug}`,
    'Ctrl-C stops it; data stay.',
  ].join('\n');
}
