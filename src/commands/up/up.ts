import { basename, join } from 'node:path';
import { eraseEmbedded } from '../../core/db/embedded/index.js';
import { DartwingError } from '../../core/errors.js';
import { type Dartwing, migrateInstallation } from '../../core/index.js';
import { readSources } from '../apply/sources.js';
import type { CommandContext } from '../context.js';
import { numberFlag, textFlag } from '../flag-values.js';
import { commandLog } from '../log.js';
import { findTarget, shownPath, type Target } from '../open.js';
import type { Document, Parsed, VerbRun } from '../spec.js';
import { requireTemplate } from '../templates.js';
import { openPage } from './browser.js';
import { holdFolder } from './hold.js';
import { alreadyUp, isUp } from './holder.js';
import { type Running, startEverything } from './running.js';
import { keepToken } from './token.js';
import { hearWishes } from './wishes.js';

export const run: VerbRun = async (context, { flags }) => {
  const { io, cwd } = context;
  const port = numberFlag(flags, 'port', 0, 65_535);
  const sources = await seedSources(context, flags);
  if (flags.reset === true) await reset(context);
  const target = await findTarget(context, { makesKey: true });
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
  const log = await commandLog(context, 'warn');
  let running: Running | undefined;
  context.defer(() => running?.close());
  const start = async (at = port): Promise<Running> => {
    running = await startEverything(context, target, log, { port: at, withWork: flags.worker !== false });
    hold.announce(running.url);
    return running;
  };

  const first = await start();
  const organization = await firstOrganization(first.dartwing, sources);
  const token = await tokenOf(context, target, first.dartwing, organization);
  const ready = readyDocument(context, target, first.url, organization, token);
  await io.out.write(io.machine ? `${JSON.stringify(ready)}\n` : `dartwing is up at ${first.url}\n`);
  io.note(hints(organization, io.interactive, token !== undefined));
  if (flags.open === true) openPage(context, first.url);
  const nextWish = hearWishes(context, first.url);
  for (;;) {
    const wish = await nextWish();
    io.note(wish === 'restart' ? 'Restarting' : 'Stopping');
    await running?.close();
    if (wish === 'stop') return { nothing: true };
    io.note(`dartwing is up at ${(await start(Number(new URL(first.url).port))).url}`);
  }
};

/** Deletes the embedded database, when somebody has typed the name of its folder. */
async function reset(context: CommandContext): Promise<void> {
  const { config, cwd, io } = context;
  const { data, url } = config.values;
  if (url !== undefined)
    throw new DartwingError('VALIDATION_ERROR', {
      message: '--reset deletes the embedded database only, and a database is configured',
    });
  const shown = shownPath(cwd, data);
  if (isUp(data)) throw alreadyUp(data, shown);
  await context.approve({
    danger: 'severe',
    question: `Delete the database in ${shown}?`,
    name: basename(data),
    consequences: ['Every organization in it is lost, with its audit trail; there is no way back'],
  });
  await eraseEmbedded(data);
  io.note(`The database in ${shown} was deleted`);
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

/** The file of a key for trying the server out; none where the database is not the folder's own. */
async function tokenOf(
  context: CommandContext,
  { data }: Target,
  dartwing: Dartwing,
  organization: string | undefined,
): Promise<string | undefined> {
  if (data === undefined || organization === undefined) return undefined;
  return keepToken(context, dartwing, data, organization);
}

function readyDocument(
  context: CommandContext,
  { options, data }: Target,
  url: string,
  org: string | undefined,
  token: string | undefined,
): Document {
  const address = new URL(options.url);
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
    ...(token === undefined ? {} : { token_file: shownPath(context.cwd, token) }),
  };
}

function hints(organization: string | undefined, hearsKeys: boolean, hasToken: boolean): string {
  const slug = organization ?? 'acme';
  return [
    'Try in another terminal:',
    '  dartwing org list',
    `  dartwing org show ${slug} -o yaml --with members`,
    '  dartwing org create acme --type company --owner ana@acme.test',
    `  dartwing audit query --org ${slug}`,
    ...(hasToken ? [`  dartwing api GET /v1/organizations/${slug}`] : []),
    hearsKeys
      ? 'q or Ctrl-C stops it, r restarts, t shows top, o opens its page; data stay.'
      : 'Ctrl-C stops it; data stay.',
  ].join('\n');
}
