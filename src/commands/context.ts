/**
 * What every verb is given: the terminal, the parsed global flags, the configuration, and a way to open the core.
 */
import { randomUUID } from 'node:crypto';
import type { Config, ConfigInput } from '../core/config.js';
import { DartwingError } from '../core/errors.js';
import type { Dartwing } from '../core/index.js';
import type { Log } from '../core/log.js';
import type { Lifetime } from './lifetime.js';
import type { ListDocument } from './spec.js';
import type { Io } from './ui/io.js';

export interface GlobalFlags {
  output: 'table' | 'json' | 'yaml' | 'ndjson';
  field?: string;
  columns?: readonly string[];
  quiet: boolean;
  verbose: boolean;
  debug: boolean;
  yes: boolean;
  confirm?: string;
  input: boolean;
  dryRun: boolean;
  org?: string;
  profile?: string;
  url?: string;
  config?: string;
  timeoutMs?: number;
  time: 'relative' | 'iso' | 'local';
  idempotencyKey?: string;
  reason?: string;
}

export interface CommandContext {
  readonly io: Io;
  readonly global: GlobalFlags;
  readonly config: Config;
  /** What the configuration was made from, for verbs that read it again or write it. */
  readonly configInput: ConfigInput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborts on SIGINT, SIGTERM and when --timeout has passed. */
  readonly signal: AbortSignal;
  /** `org create`, for hints and process.title. */
  readonly commandPath: string;
  /**
   * Opens the core once (a second call gives the same object): the database of --url, environment, project or
   * profile, else the embedded server, started for this command if none runs. Closed by the machinery at the end.
   */
  open(options?: OpenOptions): Promise<Dartwing>;
  /** Runs at the end of the command, whatever its outcome; last registered first. `givenUp`: the verb still runs. */
  defer(close: (givenUp: boolean) => Promise<void> | void): void;
  /** Asked before something becomes lasting, unless the command is a long one: throws when it has ended early. */
  readonly permitChange?: (() => void) | undefined;
  /** Gives the terminal to another program until it ends. */
  lend<T>(work: () => Promise<T>): Promise<T>;
  /** The process ends as soon as the answer is written, whatever is still open. */
  endAtOnce(): void;
  /**
   * Approves a dangerous act. Moderate: y/N or --yes. Severe: the name typed, or --confirm <name>; --yes is not enough.
   * Throws CONFIRMATION_REQUIRED, CONFIRMATION_MISMATCH or CANCELED. Does nothing under --dry-run.
   */
  approve(act: DangerousAct): Promise<void>;
  /**
   * The key that makes a repeated change count once: that of the line. With --debug a verb that changes something gets
   * one of its own and shows it, so that a line whose outcome nobody saw can be repeated with it.
   */
  idempotencyKey(): string | undefined;
  /** The --reason, or REASON_REQUIRED. */
  reason(action: string): string;
  /** The organization of --org, DARTWING_ORG or the profile; `@current` too. Undefined when none is set. */
  currentOrganization(): string | undefined;
}

export interface OpenOptions {
  /**
   * What is checked before it opens: `full` unless told, `version` for verbs that only read and want to start fast.
   */
  selfTest?: 'full' | 'version';
  /** Sequence the audit trail while the command runs, for one that stays. */
  background?: boolean;
  /** The verb runs in this process and has to be beside the database: a server cannot stand in. */
  beside?: boolean;
  /** Where the core logs, for a command that stays; else nowhere, or on stderr with --debug. */
  log?: Log;
}

/** What somebody has to agree to. */
export interface DangerousAct {
  danger: 'moderate' | 'severe';
  /** `Suspend org acme (12 members)?` */
  question: string;
  /** What a severe act wants typed. */
  name: string;
  /** What will be lost, shown before a severe act. */
  consequences?: readonly string[];
}

/** Shape of every list verb: rows and the total. */
export type List = ListDocument;

/** What main has prepared for a verb. */
export type ContextParts = Pick<
  CommandContext,
  'io' | 'global' | 'config' | 'configInput' | 'env' | 'cwd' | 'commandPath'
> & { lifetime: Lifetime; mutates: boolean; isLong: boolean };

/** Makes the context of one command. */
export function createContext(parts: ContextParts): CommandContext {
  const { lifetime, mutates, isLong, ...given } = parts;
  const { io, global, config } = parts;
  let opening: Promise<Dartwing> | undefined;
  let key = global.idempotencyKey;
  const context: CommandContext = {
    ...given,
    get signal() {
      return lifetime.signal;
    },
    defer: lifetime.defer,
    lend: lifetime.lend,
    permitChange: isLong ? undefined : lifetime.permitChange,
    endAtOnce: lifetime.endAtOnce,
    open: (options = {}) => {
      opening ??= import('./open.js').then(({ openCore }) => openCore(context, options));
      return opening;
    },
    approve: async (act) => {
      if (global.dryRun) return;
      const { approve } = await import('./approval.js');
      await lifetime.pause(() => approve(io, global, act));
    },
    idempotencyKey: () => {
      if (key !== undefined || !global.debug || !mutates || global.dryRun) return key;
      key = `cli-${randomUUID()}`;
      io.event({ type: 'log', level: 'debug', msg: 'idempotency key', idempotency_key: key });
      io.note(`Idempotency key ${key}`);
      return key;
    },
    reason: (action) => {
      if (global.reason === undefined || global.reason.trim() === '') {
        throw new DartwingError('REASON_REQUIRED', { action });
      }
      return global.reason;
    },
    currentOrganization: () => {
      if (config.ignoredOrganization !== undefined) {
        io.warn('ORGANIZATION_IGNORED', 'CI is set: the organization of the profile is not used; pass --org');
      }
      return config.values.org;
    },
  };
  return Object.freeze(context);
}
