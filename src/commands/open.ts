/** Opens the core for a command: the configured database, or the project's embedded one. */
import { existsSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findEmbedded, openEmbedded, presumedAddress } from '../core/db/embedded/index.js';
import { describeTarget } from '../core/db/index.js';
import { DartwingError } from '../core/errors.js';
import {
  checkMasterKey,
  createDartwing,
  type Dartwing,
  type DartwingOptions,
  migrateInstallation,
  readMigrationState,
} from '../core/index.js';
import { developmentMasterKey } from '../core/keys/index.js';
import type { CommandContext, OpenOptions } from './context.js';
import { developmentArchive, installationOptions } from './installation-options.js';
import { isServer } from './server-address.js';
import { isUp } from './up/holder.js';

/** Where a command works. */
export interface Target {
  options: DartwingOptions;
  /** The project's folder with the embedded server; undefined when a database is configured. */
  data: string | undefined;
  /** The master key is the one of the project's folder, for development. */
  isKept: boolean;
  /** It was made just now. */
  keyCreated: boolean;
}

/**
 * Opens dartwing, or connects to the server that is configured. A fresh or outdated embedded database is migrated, because nobody else would; a configured one
 * never is.
 * @throws SCHEMA_*, DATABASE_*, MASTER_KEY_*, EMBEDDED_*, ISOLATION_BROKEN
 */
export async function openCore(
  context: CommandContext,
  { selfTest = 'full', background = false, beside = false, log }: OpenOptions,
): Promise<Dartwing> {
  const { url } = context.config.values;
  if (isServer(url) && !beside) return (await import('./remote.js')).openRemote(context, url);
  const { options, data } = await findTarget(context);
  const from = data ?? context.config.origin('url').name ?? context.config.origin('url').source;
  options.log?.debug({ target: describeTarget(options.url), from }, 'database');
  const opening = {
    ...options,
    background,
    selfTest,
    ...(log === undefined ? {} : { log }),
    beforeCommit: context.permitChange,
  };
  const dartwing = await createDartwing(opening).catch(async (error: unknown) => {
    if (data === undefined) throw await nearerCause(error, options);
    if (!isBehind(error)) throw error;
    context.io.note('Preparing the embedded database');
    await migrateInstallation(options);
    return createDartwing(opening);
  });
  // Connections on which nothing answers would be waited for; those of an ended process roll back.
  context.defer((givenUp) => (givenUp ? undefined : dartwing.close()));
  return dartwing;
}

/**
 * Opens dartwing only where one runs already: a server, a configured database, or the server that `dartwing up` keeps. Starts,
 * makes and migrates nothing. Undefined when there is none; whoever asks closes it.
 * @throws SCHEMA_*, DATABASE_*, MASTER_KEY_*
 */
export async function openRunning(context: CommandContext): Promise<Dartwing | undefined> {
  const { url, masterKey, data } = context.config.values;
  if (isServer(url)) return (await import('./remote.js')).openRemote(context, url);
  const file = join(data, 'master.key');
  const address = url ?? (isUp(data) ? await presumedAddress(data) : undefined);
  const kept = masterKey === undefined && existsSync(file);
  const key = kept ? developmentMasterKey(file).key : masterKey;
  if (address === undefined || key === undefined) return undefined;
  const options = { ...(await installationOptions(context)), url: address, masterKey: key };
  return createDartwing({ ...options, background: false, selfTest: 'version' });
}

/**
 * The database of this command: --url, environment, project or profile, else the embedded server of the project,
 * started for this command when none runs. It is let go at the end of the command.
 * @param choices.makesKey a configured database that nobody has set up yet gets a master key in the project's folder
 * @throws EMBEDDED_*, NEEDS_DATABASE (the address is that of a server)
 */
export async function findTarget(
  context: CommandContext,
  { makesKey = false }: { makesKey?: boolean } = {},
): Promise<Target> {
  const { config, io } = context;
  const { url, masterKey, data } = config.values;
  const file = join(data, 'master.key');
  if (url !== undefined) {
    if (isServer(url))
      throw new DartwingError('NEEDS_DATABASE', {
        what: `dartwing ${context.commandPath}`,
        url: new URL(url).origin,
      });
    const keyOrigin = config.origin('masterKey').name;
    const options = { ...(await installationOptions(context)), url, masterKey, masterKeyOrigin: keyOrigin };
    const isKept = masterKey === undefined && existsSync(file);
    const isWanted = masterKey === undefined && makesKey && !isKept;
    if (isWanted) await requireEmpty(options);
    if (!isKept && !isWanted) return { options, data: undefined, isKept, keyCreated: false };
    const made = developmentMasterKey(file);
    keepOutOfGit(data);
    io.conceal([made.key]);
    return {
      options: { ...options, masterKey: made.key, masterKeyOrigin: file },
      data: undefined,
      isKept: true,
      keyCreated: made.created,
    };
  }
  const embedded = (await addressFromUp(context, data)) ?? (await holdServer(context, data));
  keepOutOfGit(data);
  const made = masterKey === undefined ? developmentMasterKey(file) : { key: masterKey, created: false };
  io.conceal([made.key, new URL(embedded).password]);
  const given = await installationOptions(context);
  const archive = given.audit?.archive ?? developmentArchive(config.values);
  const options = {
    ...given,
    audit: { ...given.audit, archive },
    url: embedded,
    masterKey: made.key,
    masterKeyOrigin: file,
  };
  return { options, data, isKept: masterKey === undefined, keyCreated: made.created };
}

/** A key that is made now cannot be the one of a database that is set up already. @throws MASTER_KEY_MISSING, DATABASE_* */
async function requireEmpty(options: DartwingOptions): Promise<void> {
  if ((await readMigrationState(options)).current === 0) return;
  throw new DartwingError(
    'MASTER_KEY_MISSING',
    {},
    {
      why: 'This database was set up with one, and no other opens it',
      fix: ['Set DARTWING_MASTER_KEY_FILE to the key that the database was set up with'],
    },
  );
}

/**
 * Why a configured database did not open, where the first error hides it: without a master key nobody has asked the
 * server yet, and roles that refuse us have their passwords from the key.
 */
async function nearerCause(error: unknown, options: DartwingOptions): Promise<unknown> {
  const { code } = error as DartwingError;
  try {
    if (code === 'MASTER_KEY_MISSING') await readMigrationState(options);
    if (code !== 'DATABASE_AUTHENTICATION') return error;
    await checkMasterKey(options);
    const { current } = await readMigrationState(options);
    return current === 0 ? new DartwingError('SCHEMA_MISSING', {}, { cause: error }) : error;
  } catch (cause) {
    const isOfKey = ['MASTER_KEY_CHANGED', 'ROLE_TAKEN'].includes((cause as DartwingError).code);
    return code === 'MASTER_KEY_MISSING' || isOfKey ? cause : error;
  }
}

/**
 * The address of a server that a running `dartwing up` keeps. It would cost more to hold it too than most commands
 * take, so it is only looked after at the end: should `up` have ended meanwhile, nobody else would stop the server.
 */
async function addressFromUp(context: CommandContext, data: string): Promise<string | undefined> {
  if (!isUp(data)) return undefined;
  const url = await presumedAddress(data);
  if (url === undefined) return undefined;
  context.defer(async () => {
    if (!isUp(data) && (await findEmbedded(data)) !== undefined)
      await (await openEmbedded({ data, env: context.env })).close();
  });
  return url;
}

/** The address of the project's server, started when none runs and held until the end of the command. */
async function holdServer({ io, env, defer, config }: CommandContext, data: string): Promise<string> {
  const { postgresBin } = config.values;
  const opening = openEmbedded({
    data,
    env: postgresBin === undefined ? env : { ...env, DARTWING_POSTGRES_BIN: postgresBin },
    log: (message) => io.note(message),
    onProgress: (step) => io.detail(`Embedded PostgreSQL: ${step}`),
  });
  defer(async () => (await opening).close());
  return (await opening).url;
}

/** The folder holds keys and passwords: whoever commits the project must not commit them. */
function keepOutOfGit(data: string): void {
  const file = join(data, '.gitignore');
  if (!existsSync(file)) writeFileSync(file, '*\n');
}

/** A path as a person in the current folder would write it. */
export function shownPath(cwd: string, path: string): string {
  const shown = relative(cwd, path);
  return shown === '' ? '.' : shown.startsWith('..') ? path : shown;
}

function isBehind(error: unknown): boolean {
  const { code } = error as DartwingError;
  return ['SCHEMA_MISSING', 'SCHEMA_OUTDATED', 'DATABASE_AUTHENTICATION', 'CONTEXT_NOT_SEALED'].includes(
    code,
  );
}
