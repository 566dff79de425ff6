/** Opens the core for a command: the configured database, or the project's embedded one. */
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, relative, resolve } from 'node:path';
import type { AlertOptions } from '../core/alerts/index.js';
import type { ArchiveOptions } from '../core/audit/index.js';
import { findEmbedded, openEmbedded, presumedAddress } from '../core/db/embedded/index.js';
import { describeTarget } from '../core/db/index.js';
import { DartwingError } from '../core/errors.js';
import { createDartwing, type Dartwing, type DartwingOptions, migrateInstallation } from '../core/index.js';
import { developmentMasterKey, type KeyOptions } from '../core/keys/index.js';
import type { TokenOptions } from '../core/tokens/index.js';
import type { CommandContext, OpenOptions } from './context.js';
import { commandLog } from './log.js';
import { isUp } from './up/holder.js';

/** Where a command works. */
export interface Target {
  options: DartwingOptions;
  /** The project's folder with the embedded server; undefined when a database is configured. */
  data: string | undefined;
  /** The master key was made just now. */
  keyCreated: boolean;
}

/**
 * Opens dartwing. A fresh or outdated embedded database is migrated, because nobody else would; a configured one
 * never is.
 * @throws SCHEMA_*, DATABASE_*, MASTER_KEY_*, EMBEDDED_*, ISOLATION_BROKEN
 */
export async function openCore(
  context: CommandContext,
  { selfTest = 'full', background = false, log }: OpenOptions,
): Promise<Dartwing> {
  const { options, data } = await findTarget(context);
  const from = data ?? context.config.origin('url').name ?? context.config.origin('url').source;
  options.log?.debug({ target: describeTarget(options.url), from }, 'database');
  const opening = { ...options, background, selfTest, ...(log === undefined ? {} : { log }) };
  const dartwing = await createDartwing(opening).catch(async (error: unknown) => {
    if (data === undefined || !isBehind(error)) throw error;
    context.io.note('Preparing the embedded database');
    await migrateInstallation(options);
    return createDartwing(opening);
  });
  context.defer(() => dartwing.close());
  return dartwing;
}

/**
 * Opens dartwing only where a database runs already: a configured one, or the server that `dartwing up` keeps. Starts,
 * makes and migrates nothing. Undefined when there is none; whoever asks closes it.
 * @throws SCHEMA_*, DATABASE_*, MASTER_KEY_*
 */
export async function openRunning(context: CommandContext): Promise<Dartwing | undefined> {
  const { url, masterKey, data } = context.config.values;
  if (url !== undefined && /^https?:/.test(url)) return undefined;
  const file = join(data, 'master.key');
  const address = url ?? (isUp(data) ? await presumedAddress(data) : undefined);
  const kept = url === undefined && masterKey === undefined && existsSync(file);
  const key = kept ? developmentMasterKey(file).key : masterKey;
  if (address === undefined || key === undefined) return undefined;
  const options = { ...(await shared(context)), url: address, masterKey: key };
  return createDartwing({ ...options, background: false, selfTest: 'version' });
}

/**
 * The database of this command: --url, environment, project or profile, else the embedded server of the project,
 * started for this command when none runs. It is let go at the end of the command.
 * @throws EMBEDDED_*, CONFIG_INVALID (a server address: there is no remote client in this version)
 */
export async function findTarget(context: CommandContext): Promise<Target> {
  const { config, io } = context;
  const { url, masterKey } = config.values;
  if (url !== undefined) {
    if (/^https?:/.test(url)) {
      throw new DartwingError('CONFIG_INVALID', {
        where: 'url',
        message: 'this version works on a database (postgres://), not through a server',
      });
    }
    const keyOrigin = config.origin('masterKey').name;
    return {
      options: { ...(await shared(context)), url, masterKey, masterKeyOrigin: keyOrigin },
      data: undefined,
      keyCreated: false,
    };
  }
  const { data } = config.values;
  const embedded = (await addressFromUp(context, data)) ?? (await holdServer(context, data));
  keepOutOfGit(data);
  const file = join(data, 'master.key');
  const made = masterKey === undefined ? developmentMasterKey(file) : { key: masterKey, created: false };
  io.conceal([made.key, new URL(embedded).password]);
  const given = await shared(context);
  // Where people try things out there is an archive too, and its name says what it is not.
  const archive = given.audit?.archive ?? archiveOf(config.values, data, 'audit-archive-not-immutable');
  const options = {
    ...given,
    audit: { ...given.audit, archive },
    url: embedded,
    masterKey: made.key,
    masterKeyOrigin: file,
  };
  return { options, data, keyCreated: made.created };
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
  const server = await openEmbedded({
    data,
    env: postgresBin === undefined ? env : { ...env, DARTWING_POSTGRES_BIN: postgresBin },
    log: (message) => io.note(message),
    onProgress: (step) => io.detail(`Embedded PostgreSQL: ${step}`),
  });
  defer(() => server.close());
  return server.url;
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

async function shared({
  config,
  global,
  env,
  io,
  cwd,
}: CommandContext): Promise<Omit<DartwingOptions, 'url' | 'masterKey'>> {
  const { appUrl, systemUrl, schema, rolePrefix, poolMax, statementTimeoutMs, lockTimeoutMs, sealedContext } =
    config.values;
  const {
    smtpUrl,
    mailFrom,
    publicUrl,
    redisUrl,
    publishKey,
    oidcIssuer: issuer,
    oidcAudience: audience,
    oidcClientId,
    oidcBrowserClientId,
    oidcBrowserClientSecret,
    liteSignIn,
  } = config.values;
  return {
    appUrl,
    systemUrl,
    schema,
    rolePrefix,
    sealedContext,
    poolConnectionsMax: poolMax,
    statementMs: statementTimeoutMs,
    lockMs: lockTimeoutMs,
    mail: { smtpUrl, from: mailFrom },
    identity: {
      issuers: issuer === undefined ? [] : [{ issuer, audience, logoutAudiences: [audience, oidcClientId] }],
    },
    browser:
      oidcBrowserClientId === undefined
        ? undefined
        : { clientId: oidcBrowserClientId, clientSecret: oidcBrowserClientSecret },
    lite: { enabled: liteSignIn, audience },
    publicUrl,
    realtime: { redisUrl, publishKey },
    alerts: alertChannels(config.values),
    keys: keyServices(config.values),
    regions: config.values.regions,
    audit: {
      archive: archiveOf(config.values, cwd),
      signingKey: config.values.auditSigningKey,
      verifiers: config.values.auditVerifiers?.split(',').map((verifier) => verifier.trim()),
    },
    tokens: {
      clients: applications(config.values.tokenClients),
      allowPrivateHosts: config.values.tokenPrivateHosts?.split(',').map((host) => host.trim()),
    },
    principal: { type: 'operator', id: operator(env) },
    via: 'cli',
    ...(global.debug ? { log: await commandLog({ io, config, global }) } : {}),
  };
}

/** Applications that are registered with providers. @throws CONFIG_INVALID */
function applications(json: string | undefined): TokenOptions['clients'] {
  const given = JSON.parse(json ?? '{}') as Record<string, Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(given).map(([name, { client_id: clientId, client_secret: clientSecret }]) => {
      const isText = (value: unknown) => typeof value === 'string' && value !== '';
      if (!isText(clientId) || !(clientSecret === undefined || isText(clientSecret)))
        throw new DartwingError('CONFIG_INVALID', {
          where: 'token_clients',
          message: `${name} needs a client_id, and may have a client_secret, both text`,
        });
      const client = { clientId: clientId as string };
      return [
        name,
        clientSecret === undefined ? client : { ...client, clientSecret: clientSecret as string },
      ];
    }),
  );
}

/** Who is told of alerts, and of which. */
function alertChannels(values: CommandContext['config']['values']): AlertOptions {
  const { alertWebhookUrl: url, alertWebhookSecret: secret } = values;
  return {
    installation: values.alertInstallation,
    presets: values.alertPresets.split(',').map((name) => name.trim()),
    pagerDutyKey: values.alertPagerdutyKey,
    slackUrl: values.alertSlackUrl,
    webhook: url === undefined ? undefined : { url, secret },
    mailTo: values.alertMailTo?.split(',').map((one) => one.trim()),
  };
}

/** The archive of the trail that is set up, at a place of the line if it names one. */
export function archiveOf(
  values: CommandContext['config']['values'],
  cwd: string,
  named = values.auditArchive,
): ArchiveOptions | undefined {
  const { auditArchiveMode: mode, auditRetentionYears: retentionYears, auditLegalHold: legalHold } = values;
  if (named === undefined) return undefined;
  const place = named.startsWith('s3://') ? named : resolve(cwd, named);
  return { place, mode, retentionYears, legalHold, endpoint: values.auditArchiveEndpoint };
}

/** Key services that are set up. */
function keyServices(values: CommandContext['config']['values']): KeyOptions | undefined {
  const { keyProvider: provider, kmsKeyId, vaultAddress: address, vaultToken: token, vaultKey } = values;
  const slash = vaultKey.lastIndexOf('/');
  const [mount, key] = [vaultKey.slice(0, Math.max(slash, 0)) || 'transit', vaultKey.slice(slash + 1)];
  if (provider === 'local' && kmsKeyId === undefined && address === undefined) return undefined;
  return {
    provider,
    kms: kmsKeyId === undefined ? undefined : { keyId: kmsKeyId },
    vault: address === undefined || token === undefined ? undefined : { address, token, key, mount },
  };
}

/** Who sits at the terminal, as the operating system knows them. */
function operator(env: CommandContext['env']): string {
  try {
    return env.SUDO_USER || userInfo().username;
  } catch {
    // A user id without an entry in the system's list, as in some containers.
    return `uid:${process.getuid?.() ?? 'unknown'}`;
  }
}

function isBehind(error: unknown): boolean {
  const { code } = error as DartwingError;
  return ['SCHEMA_MISSING', 'SCHEMA_OUTDATED', 'DATABASE_AUTHENTICATION', 'CONTEXT_NOT_SEALED'].includes(
    code,
  );
}
