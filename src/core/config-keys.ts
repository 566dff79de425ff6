/**
 * The table of configuration: every key with its environment names, its check and its default. The loader,
 * `dartwing help environment`, `dartwing config show` and the JSON Schema of dartwing.yaml are made from it.
 *
 * The checks are plain functions on text because configuration is read by every command: loading a schema
 * library for it would double the start-up time.
 */
import { parseDurationMs } from './duration.js';

/** One key. `read` turns its text into the value, or throws an Error that says what is expected. */
export interface ConfigKeySpec<T> {
  summary: string;
  /** Environment names, first one wins; each has a `_FILE` twin. */
  env: readonly string[];
  /** Placeholder in help: `<dur>`. */
  value: string;
  read: (text: string) => T;
  /** Written as a person would write it. */
  default?: string;
  /** Never in the project file, masked wherever it is shown. */
  secret?: true;
  /** A path, relative to the place where it was written, or several with commas between them. */
  path?: true | 'several';
  choices?: readonly string[];
}

const bytesOfMasterKey = 32;

function text(value: string): string {
  return value;
}

function oneOf<const C extends readonly string[]>(choices: C): (value: string) => C[number] {
  return (value) => {
    if (!choices.includes(value)) throw new Error(`"${value}" is not one of ${choices.join(', ')}`);
    return value;
  };
}

function whole(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw new Error(`"${value}" is not a whole number from ${min} to ${max}`);
    }
    return number;
  };
}

function durationMs(value: string): number {
  const ms = parseDurationMs(value);
  if (ms === undefined) throw new Error(`"${value}" is not a duration such as 500ms, 30s, 5m or 2h`);
  return ms;
}

function switched(value: string): boolean {
  if (['1', 'true', 'yes', 'on'].includes(value.toLowerCase())) return true;
  if (['0', 'false', 'no', 'off'].includes(value.toLowerCase())) return false;
  throw new Error(`"${value}" is neither true nor false`);
}

function identifier(charsMax: number): (value: string) => string {
  return (value) => {
    if (!/^[a-z][a-z0-9_]*$/.test(value) || value.length > charsMax) {
      throw new Error(
        `"${value}" is not 1 to ${charsMax} lower-case letters, digits and underscores, letter first`,
      );
    }
    return value;
  };
}

function address(...schemes: readonly string[]): (value: string) => string {
  // The value is secret: the message names what is expected and repeats nothing.
  const expected = `is not an address that begins with ${schemes.map((scheme) => `${scheme}//`).join(', ')}`;
  return (value) => {
    if (!URL.canParse(value) || !schemes.includes(new URL(value).protocol)) throw new Error(expected);
    return value;
  };
}

function secretOf(charsMin: number): (value: string) => string {
  return (value) => {
    if (value.length < charsMin || /\s/.test(value))
      throw new Error(`has less than ${charsMin} characters, or spaces among them`);
    return value;
  };
}

function masterKey(value: string): string {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== bytesOfMasterKey || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) {
    throw new Error(`is not ${bytesOfMasterKey} bytes in base64`);
  }
  return value;
}

function jsonObject(value: string): string {
  // The value is secret: the message names what is expected and repeats nothing.
  const expected = 'is not JSON such as {"google": {"client_id": "…", "client_secret": "…"}}';
  let given: unknown;
  try {
    given = JSON.parse(value);
  } catch {
    throw new Error(expected);
  }
  const isObject = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  if (!isObject(given) || !Object.values(given as object).every(isObject)) throw new Error(expected);
  return value;
}

const lockModes = ['compliance', 'governance'] as const;
const keyProviders = ['local', 'aws-kms', 'vault', 'pkcs11'] as const;
const outputs = ['table', 'json', 'yaml', 'ndjson'] as const;
const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const times = ['relative', 'iso', 'local'] as const;

/** Every key by the name it has in TypeScript; its name in files is the same in snake_case. */
export const configKeys = {
  url: {
    summary: 'Database (postgres://) or server (https://) to work on',
    env: ['DARTWING_URL', 'DATABASE_URL'],
    value: 'url',
    read: address('postgres:', 'postgresql:', 'https:', 'http:'),
    secret: true,
  },
  appUrl: {
    summary: 'Database address of the runtime role, when it is not derived from the master key',
    env: ['DARTWING_APP_URL'],
    value: 'url',
    read: address('postgres:', 'postgresql:'),
    secret: true,
  },
  systemUrl: {
    summary: 'Database address of the system role, when it is not derived from the master key',
    env: ['DARTWING_SYSTEM_URL'],
    value: 'url',
    read: address('postgres:', 'postgresql:'),
    secret: true,
  },
  masterKey: {
    summary: 'Key that seals all other keys: 32 random bytes in base64',
    env: ['DARTWING_MASTER_KEY'],
    value: 'base64',
    read: masterKey,
    secret: true,
  },
  auditArchive: {
    summary:
      'Archive of the audit trail: s3://bucket/prefix with Object Lock, or a folder, which is not immutable',
    env: ['DARTWING_AUDIT_ARCHIVE'],
    value: 'place',
    read: text,
  },
  auditArchiveMode: {
    summary: 'Weakest lock that is accepted in the bucket of the archive',
    env: ['DARTWING_AUDIT_ARCHIVE_MODE'],
    value: 'mode',
    read: oneOf(lockModes),
    default: 'compliance',
    choices: lockModes,
  },
  auditArchiveEndpoint: {
    summary:
      'Address of a service that speaks S3 and is not of AWS; credentials come from the AWS_ variables',
    env: ['DARTWING_AUDIT_ARCHIVE_ENDPOINT'],
    value: 'url',
    read: address('https:', 'http:'),
  },
  auditRetentionYears: {
    summary: 'Years for which the bucket has to keep the archive',
    env: ['DARTWING_AUDIT_RETENTION_YEARS'],
    value: 'n',
    read: whole(7, 100),
    default: '7',
  },
  auditLegalHold: {
    summary: 'Put a legal hold on everything that is archived',
    env: ['DARTWING_AUDIT_LEGAL_HOLD'],
    value: 'bool',
    read: switched,
    default: 'false',
  },
  auditSigningKey: {
    summary:
      'Seed of the keys that sign checkpoints of the trail, 32 random bytes in base64, if not the master key',
    env: ['DARTWING_AUDIT_SIGNING_KEY'],
    value: 'base64',
    read: masterKey,
    secret: true,
  },
  auditVerifiers: {
    summary: 'Verifier keys of former signing keys that stay believed, with commas between them',
    env: ['DARTWING_AUDIT_VERIFIERS'],
    value: 'keys',
    read: text,
  },
  regions: {
    summary:
      'Regions of database, archive, export, keys, mail, integrations, redis: database=eu-central-1,archive=eu-central-1',
    env: ['DARTWING_REGIONS'],
    value: 'exit=region,…',
    read: text,
  },
  keyProvider: {
    summary: 'Who wraps new data keys; those set up besides open what they wrapped',
    env: ['DARTWING_KEY_PROVIDER'],
    value: 'name',
    read: oneOf(keyProviders),
    default: 'local',
    choices: keyProviders,
  },
  kmsKeyId: {
    summary: 'Key in AWS KMS: id, ARN or alias/…; region and credentials come from the AWS_ variables',
    env: ['DARTWING_KMS_KEY_ID'],
    value: 'id',
    read: text,
  },
  vaultAddress: {
    summary: 'HashiCorp Vault or OpenBao, whose transit engine wraps data keys',
    env: ['DARTWING_VAULT_ADDR', 'VAULT_ADDR'],
    value: 'url',
    read: address('https:', 'http:'),
  },
  vaultToken: {
    summary: 'Token for Vault; it needs encrypt, decrypt and read of the transit key',
    env: ['DARTWING_VAULT_TOKEN', 'VAULT_TOKEN'],
    value: 'token',
    read: text,
    secret: true,
  },
  vaultKey: {
    summary: 'Transit key in Vault, as <mount>/<name>',
    env: ['DARTWING_VAULT_KEY'],
    value: 'name',
    read: text,
    default: 'transit/dartwing',
  },
  pkcs11Module: {
    summary: 'Library of a hardware security module (PKCS #11) whose token wraps data keys',
    env: ['DARTWING_PKCS11_MODULE'],
    value: 'file',
    read: text,
  },
  pkcs11Token: {
    summary: 'Label of the token',
    env: ['DARTWING_PKCS11_TOKEN'],
    value: 'label',
    read: text,
    default: 'dartwing',
  },
  pkcs11Pin: {
    summary: 'PIN of the user of the token',
    env: ['DARTWING_PKCS11_PIN'],
    value: 'pin',
    read: text,
    secret: true,
  },
  pkcs11Key: {
    summary: 'Label of the AES key of 256 bits in the token',
    env: ['DARTWING_PKCS11_KEY'],
    value: 'label',
    read: text,
    default: 'dartwing',
  },
  schema: {
    summary: 'PostgreSQL schema that holds everything of dartwing',
    env: ['DARTWING_SCHEMA'],
    value: 'name',
    read: identifier(63),
    default: 'dartwing',
  },
  rolePrefix: {
    summary: 'Prefix of the database roles of this installation',
    env: ['DARTWING_ROLE_PREFIX'],
    value: 'name',
    read: identifier(40),
    default: 'dartwing',
  },
  data: {
    summary: 'Folder of the embedded database and of development keys, searched upwards',
    env: ['DARTWING_DATA'],
    value: 'dir',
    read: text,
    default: '.dartwing',
    path: true,
  },
  postgresBin: {
    summary: 'Folder with initdb and postgres for the embedded database, instead of those that npm brings',
    env: ['DARTWING_POSTGRES_BIN'],
    value: 'dir',
    read: text,
    path: true,
  },
  output: {
    summary: 'Form of the answer on stdout',
    env: ['DARTWING_OUTPUT'],
    value: 'form',
    read: oneOf(outputs),
    default: 'table',
    choices: outputs,
  },
  log: {
    summary: 'Least level that is logged on stderr',
    env: ['DARTWING_LOG'],
    value: 'level',
    read: oneOf(levels),
    default: 'warn',
    choices: levels,
  },
  time: {
    summary: 'How tables show times; documents always have RFC 3339 in UTC',
    env: ['DARTWING_TIME'],
    value: 'form',
    read: oneOf(times),
    default: 'relative',
    choices: times,
  },
  timeoutMs: {
    summary: 'Limit of a whole command; 0 for none, long operations have none unless it is given',
    env: ['DARTWING_TIMEOUT'],
    value: 'dur',
    read: durationMs,
    default: '30s',
  },
  quiet: {
    summary: 'Nothing on stderr but errors',
    env: ['DARTWING_QUIET'],
    value: 'bool',
    read: switched,
    default: 'false',
  },
  org: {
    summary: 'Organization that commands work in',
    env: ['DARTWING_ORG'],
    value: 'slug',
    read: text,
  },
  profile: {
    summary: 'Named connection of the user file',
    env: ['DARTWING_PROFILE'],
    value: 'name',
    read: text,
  },
  port: {
    summary: 'Port of the HTTP server',
    env: ['DARTWING_PORT'],
    value: 'n',
    read: whole(0, 65_535),
    default: '4000',
  },
  smtpUrl: {
    summary: 'Mail server (smtp:// or smtps://); without it no mail is sent',
    env: ['DARTWING_SMTP_URL'],
    value: 'url',
    read: address('smtp:', 'smtps:'),
    secret: true,
  },
  mailFrom: {
    summary: 'Sender of mails: no-reply@acme.test; needed with smtp_url',
    env: ['DARTWING_MAIL_FROM'],
    value: 'address',
    read: text,
  },
  publicUrl: {
    summary: 'Address that links in mails begin with',
    env: ['DARTWING_PUBLIC_URL'],
    value: 'url',
    read: address('https:', 'http:'),
    default: 'http://localhost:4000',
  },
  oidcIssuer: {
    summary: 'Identity provider, exactly as in its tokens: https://auth.acme.test/realms/dartwing-prod',
    env: ['DARTWING_OIDC_ISSUER', 'KEYCLOAK_ISSUER'],
    value: 'url',
    read: address('https:', 'http:'),
  },
  oidcClientId: {
    summary: 'Public client with which profile login signs in',
    env: ['DARTWING_OIDC_CLIENT_ID'],
    value: 'id',
    read: text,
    default: 'dartwing-cli',
  },
  oidcBrowserClientId: {
    summary: 'Client with which browsers sign in at the server; without one they do not',
    env: ['DARTWING_OIDC_BROWSER_CLIENT_ID'],
    value: 'id',
    read: text,
  },
  oidcBrowserClientSecret: {
    summary: 'Its secret, where it has one',
    env: ['DARTWING_OIDC_BROWSER_CLIENT_SECRET'],
    value: 'secret',
    read: text,
    secret: true,
  },
  oidcAudience: {
    summary: 'Who this installation is in the claim aud of access tokens',
    env: ['DARTWING_OIDC_AUDIENCE', 'KEYCLOAK_CLIENT_ID'],
    value: 'id',
    read: text,
    default: 'dartwing',
  },
  liteSignIn: {
    summary: 'People sign in with passwords kept here, where no identity provider is configured',
    env: ['DARTWING_LITE_SIGN_IN'],
    value: 'bool',
    read: switched,
    default: 'false',
  },
  redisUrl: {
    summary: 'Redis that carries events between servers; without it PostgreSQL does',
    env: ['DARTWING_REDIS_URL', 'REDIS_URL', 'REDIS_SOCKETIO_URL'],
    value: 'url',
    read: address('redis:', 'rediss:'),
    secret: true,
  },
  publishKey: {
    summary: 'Secret with which other programs sign events that they put on Redis; without it none are taken',
    env: ['DARTWING_PUBLISH_KEY'],
    value: 'secret',
    read: secretOf(16),
    secret: true,
  },
  token: {
    summary: 'API key or access token with which commands call the server of url',
    env: ['DARTWING_TOKEN'],
    value: 'token',
    read: secretOf(16),
    secret: true,
  },
  operatorToken: {
    summary: 'Bearer token that opens /metrics and /health/details; without it they are not there',
    env: ['DARTWING_OPERATOR_TOKEN'],
    value: 'token',
    read: secretOf(16),
    secret: true,
  },
  alertInstallation: {
    summary: 'What messages about alerts call this installation; public_url unless told',
    env: ['DARTWING_ALERT_INSTALLATION'],
    value: 'name',
    read: text,
  },
  alertPresets: {
    summary: 'Alert rules that are evaluated: operations, product, objectives',
    env: ['DARTWING_ALERT_PRESETS'],
    value: 'a,b',
    read: text,
    default: 'operations,objectives',
  },
  alertPagerdutyKey: {
    summary: 'Routing key of PagerDuty (Events API v2) for critical alerts',
    env: ['DARTWING_ALERT_PAGERDUTY_KEY'],
    value: 'key',
    read: secretOf(16),
    secret: true,
  },
  alertSlackUrl: {
    summary: 'Incoming webhook of Slack for alerts from warnings on',
    env: ['DARTWING_ALERT_SLACK_URL'],
    value: 'url',
    read: address('https:', 'http:'),
    secret: true,
  },
  alertWebhookUrl: {
    summary: 'Address that gets every alert in the form of Alertmanager',
    env: ['DARTWING_ALERT_WEBHOOK_URL'],
    value: 'url',
    read: address('https:', 'http:'),
    secret: true,
  },
  alertWebhookSecret: {
    summary: 'Signs what that address gets (Standard Webhooks): whsec_ and 24 to 64 bytes in base64',
    env: ['DARTWING_ALERT_WEBHOOK_SECRET'],
    value: 'secret',
    read: secretOf(24),
    secret: true,
  },
  alertMailTo: {
    summary: 'Addresses that get mail about alerts, with commas between them',
    env: ['DARTWING_ALERT_MAIL_TO'],
    value: 'a@b,c@d',
    read: text,
  },
  tokenClients: {
    summary:
      'Applications registered with providers, as JSON: {"google": {"client_id": "…", "client_secret": "…"}}',
    env: ['DARTWING_TOKEN_CLIENTS'],
    value: 'json',
    read: jsonObject,
    secret: true,
  },
  tokenPrivateHosts: {
    summary: 'Hosts of providers that may lie in a private network, with commas between them: crm.lan:8443',
    env: ['DARTWING_TOKEN_PRIVATE_HOSTS'],
    value: 'hosts',
    read: text,
  },
  modules: {
    summary: 'Files that define jobs, schedules and providers, with commas between them: ./jobs.js',
    env: ['DARTWING_MODULES'],
    value: 'files',
    read: text,
    path: 'several',
  },
  sealedContext: {
    summary:
      'Let policies believe only settings that dartwing sealed; true switches it on at the next migrate up',
    env: ['DARTWING_SEALED_CONTEXT'],
    value: 'bool',
    read: switched,
  },
  poolMax: {
    summary: 'Database connections of one process',
    env: ['DARTWING_POOL_MAX'],
    value: 'n',
    read: whole(1, 500),
    default: '10',
  },
  statementTimeoutMs: {
    summary: 'Limit of one SQL statement',
    env: ['DARTWING_STATEMENT_TIMEOUT'],
    value: 'dur',
    read: durationMs,
    default: '30s',
  },
  lockTimeoutMs: {
    summary: 'Limit of one wait for a database lock',
    env: ['DARTWING_LOCK_TIMEOUT'],
    value: 'dur',
    read: durationMs,
    default: '10s',
  },
} satisfies Record<string, ConfigKeySpec<unknown>>;

/** Name of a key in TypeScript. */
export type ConfigKey = keyof typeof configKeys;

type ValueOf<S> = S extends { read: (text: string) => infer T }
  ? S extends { default: string }
    ? T
    : T | undefined
  : never;

/** The checked values; those without a default may be undefined. */
export type ConfigValues = { readonly [K in ConfigKey]: ValueOf<(typeof configKeys)[K]> };

/** Names of all keys, in the order of the table. */
export const configKeyNames = Object.keys(configKeys) as readonly ConfigKey[];

/** The row of a key, with every optional column. */
export function configKeySpec(key: ConfigKey): ConfigKeySpec<unknown> {
  return configKeys[key];
}

/** Name of a key in files and on the command line: `statementTimeoutMs` → `statement_timeout`. */
export function fileName(key: ConfigKey): string {
  return key.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The key that has this name in files, if any. */
export function keyOfFileName(name: string): ConfigKey | undefined {
  return configKeyNames.find((key) => fileName(key) === name);
}
