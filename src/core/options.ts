/** What an installation needs to be opened, and the pieces that are made from it. */

import type { Principal, Via } from './access/index.js';
import type { AlertOptions } from './alerts/index.js';
import type { ArchiveOptions, SigningSecret } from './audit/index.js';
import type { BrowserOptions } from './browser/index.js';
import { type Clock, systemClock } from './clock.js';
import { type DatabaseOptions, describeTarget } from './db/index.js';
import type { DefinitionInput } from './documents/index.js';
import { DartwingError } from './errors.js';
import type { IdentityOptions } from './identity/index.js';
import { type KeyOptions, type Keyring, openKeyring } from './keys/index.js';
import type { LiteOptions } from './lite/index.js';
import { type Log, silentLog } from './log.js';
import type { MailOptions } from './mail/index.js';
import type { Provisioning } from './people/index.js';
import type { Rates } from './quota/index.js';
import type { RealtimeOptions } from './realtime/index.js';
import type { Regions } from './residency/index.js';
import type { TokenOptions } from './tokens/index.js';

export interface DartwingOptions {
  /** `postgres://` address of the database. At run time only its host, port and name are used. */
  url: string;
  /** 32 bytes in base64. Runtime passwords and the audit key are derived from it. */
  masterKey: string | undefined;
  /** Where the master key came from, for errors. */
  masterKeyOrigin?: string | undefined;
  /** Key services; without any the master key wraps the data keys. */
  keys?: KeyOptions | undefined;
  /** Applications at providers of other services, and providers of modules. */
  tokens?: TokenOptions | undefined;
  /** Addresses of the runtime logins, where somebody else manages the roles. */
  appUrl?: string | undefined;
  systemUrl?: string | undefined;
  /** Default `dartwing`. */
  schema?: string | undefined;
  /** Prefix of the database roles; default `dartwing`. */
  rolePrefix?: string | undefined;
  /** Who calls, unless a call says otherwise. Default: the service `library`. */
  principal?: Principal | undefined;
  /** Through which door calls come. Default `library`. */
  via?: Via | undefined;
  /** Folder on the disk whose free space metrics tell. Default: the one in which the process works. */
  watchedFolder?: string | undefined;
  /** Run the audit sequencer in this process. Default true; a short command says false. */
  background?: boolean | undefined;
  /**
   * What is checked before it opens: `full` (default) reads the catalogue for anything that could break the isolation
   * of tenants; `version` only compares schema version and master key, for a short command that reads.
   */
  selfTest?: 'full' | 'version' | undefined;
  /**
   * Policies believe only settings that this library sealed, so that SQL that somebody injects cannot speak for another
   * organization. `migrate` switches it; true here refuses a database where it is off. Default: as the database has it.
   */
  sealedContext?: boolean | undefined;
  /** Which identity providers are trusted; none unless told. */
  identity?: IdentityOptions | undefined;
  /** Browsers sign in at the first issuer of `identity`, and have sessions by cookie. Off unless told. */
  browser?: BrowserOptions | undefined;
  /** In which regions the database and its exits are; nothing is refused where nobody said it. */
  regions?: Regions | string | undefined;
  /** Passwords of our own, where no identity provider is trusted. Off unless told. */
  lite?: LiteOptions | undefined;
  /** Doctypes of modules, besides those that come with dartwing. */
  doctypes?: readonly DefinitionInput[] | undefined;
  /** Time after which a conflict that nobody resolved stays with the server; default a day. */
  conflictAutoMs?: number | undefined;
  /** How login accounts come to be. Default: one of our own for everybody who needs one. */
  provisioning?: Provisioning | undefined;
  /**
   * Called before each COMMIT until one has left an entry in the trail, for a program that has to be done by some
   * time. What it throws rolls back, and is what the call ends with.
   */
  beforeCommit?: (() => void) | undefined;
  poolConnectionsMax?: number | undefined;
  statementMs?: number | undefined;
  lockMs?: number | undefined;
  /** Mail server and sender; without them no mail is sent. */
  mail?: MailOptions | undefined;
  /** Who is told of alerts; nobody unless told. */
  alerts?: AlertOptions | undefined;
  /** Address that links in mails begin with; default `http://localhost:4000`. */
  publicUrl?: string | undefined;
  /** Who signs checkpoints of the audit trail; a key derived from the master key unless told. */
  audit?: AuditOptions | undefined;
  /** How many calls callers may make; default `shippedRates`. */
  rates?: Rates | undefined;
  /** How events reach sockets on other nodes; by PostgreSQL unless told. */
  realtime?: RealtimeOptions | undefined;
  clock?: Clock | undefined;
  /** Uniform random numbers in [0, 1). */
  random?: (() => number) | undefined;
  log?: Log | undefined;
}

export interface AuditOptions {
  /** 32 random bytes in base64, kept apart from the master key. Another one begins another generation of keys. */
  signingKey?: string | undefined;
  /** Where trails are archived; nowhere unless told. */
  archive?: ArchiveOptions | undefined;
  /** Verifier texts of former signing keys, whose checkpoints stay believed. */
  verifiers?: readonly string[] | undefined;
}

/** Options with every default filled in. */
export interface Installation {
  url: string;
  schema: string;
  rolePrefix: string;
  keyring: Keyring;
  signing: SigningSecret;
  clock: Clock;
  log: Log;
  database: Omit<DatabaseOptions, 'ringAudit'>;
}

/**
 * Checks the options and fills in the defaults.
 * @throws CONFIG_INVALID, MASTER_KEY_MISSING, MASTER_KEY_INVALID
 */
export function describeInstallation(options: DartwingOptions): Installation {
  const { url, schema = 'dartwing', rolePrefix = 'dartwing', clock = systemClock, log = silentLog } = options;
  requirePostgresUrl(url);
  const keyring = openKeyring(options.masterKey, options.masterKeyOrigin ?? 'the options');
  return {
    url,
    schema,
    rolePrefix,
    keyring,
    signing: signingSecret(options.audit ?? {}, keyring),
    clock,
    log,
    database: {
      url,
      appUrl: options.appUrl,
      systemUrl: options.systemUrl,
      schema,
      rolePrefix,
      passwords: keyring.rolePasswords,
      auditKey: keyring.auditKey,
      contextKey: keyring.contextKey,
      clock,
      random: options.random ?? Math.random,
      onFailure: (error) => log.warn({ err: error, target: describeTarget(url) }, 'database'),
      onTransaction: log === silentLog ? undefined : (course) => log.debug(course, 'transaction'),
      poolConnectionsMax: options.poolConnectionsMax,
      statementMs: options.statementMs,
      lockMs: options.lockMs,
    },
  };
}

function requirePostgresUrl(url: string): void {
  const valid = URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol);
  if (!valid)
    throw new DartwingError('CONFIG_INVALID', { where: 'url', message: 'it is not a postgres:// address' });
}

/** @throws CONFIG_INVALID */
function signingSecret({ signingKey, verifiers = [] }: AuditOptions, keyring: Keyring): SigningSecret {
  const seed = signingKey === undefined ? keyring.checkpointSeed : Buffer.from(signingKey, 'base64');
  if (seed.length !== 32)
    throw new DartwingError('CONFIG_INVALID', {
      where: 'audit_signing_key',
      message: 'it is not 32 bytes in base64',
    });
  return { seed, formerVerifiers: verifiers };
}
