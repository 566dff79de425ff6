/** From the configuration to the options with which the core is opened. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { AlertOptions } from '../core/alerts/index.js';
import type { ArchiveOptions } from '../core/audit/index.js';
import { DartwingError } from '../core/errors.js';
import type { DartwingOptions } from '../core/index.js';
import type { KeyOptions } from '../core/keys/index.js';
import type { TokenOptions } from '../core/tokens/index.js';
import type { CommandContext } from './context.js';
import { commandLog } from './log.js';

/** Options of the core that do not tell where its database is. */
export async function installationOptions({
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

/** Where people try things out there is an archive too, in the folder of their data, and its name says what it is not. */
export function developmentArchive(values: CommandContext['config']['values']): ArchiveOptions {
  return archiveOf(values, values.data, 'audit-archive-not-immutable')!;
}

/** Key services that are set up. */
function keyServices(values: CommandContext['config']['values']): KeyOptions | undefined {
  const { keyProvider: provider, kmsKeyId, vaultAddress: address, vaultToken: token, vaultKey } = values;
  const slash = vaultKey.lastIndexOf('/');
  const [mount, key] = [vaultKey.slice(0, Math.max(slash, 0)) || 'transit', vaultKey.slice(slash + 1)];
  const { pkcs11Module: module, pkcs11Token, pkcs11Pin: pin, pkcs11Key } = values;
  const isBare = [kmsKeyId, address, module].every((each) => each === undefined);
  if (provider === 'local' && isBare) return undefined;
  return {
    provider,
    kms: kmsKeyId === undefined ? undefined : { keyId: kmsKeyId },
    vault: address === undefined || token === undefined ? undefined : { address, token, key, mount },
    pkcs11:
      module === undefined || pin === undefined
        ? undefined
        : { module, token: pkcs11Token, pin, key: pkcs11Key },
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
