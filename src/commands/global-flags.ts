/** From the flags of the line and the configuration to the settings every verb sees. */
import type { Config, ConfigInput, ConfigKey } from '../core/config.js';
import { configKeyNames, configKeySpec } from '../core/config-keys.js';
import type { GlobalFlags } from './context.js';
import { flagProperty } from './flags.js';
import type { ParsedLine } from './program.js';
import type { VerbSpec } from './spec.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Keys that concern the terminal: all that verbs without configuration look at. */
export const terminalKeys: readonly ConfigKey[] = ['output', 'log', 'time', 'timeoutMs', 'quiet'];

/** What the configuration loader is asked with. */
export function configInput(
  verb: VerbSpec,
  { globals, flags }: ParsedLine,
  surroundings: Pick<ConfigInput, 'env' | 'cwd' | 'home' | 'platform' | 'uid'>,
): ConfigInput {
  return {
    ...surroundings,
    flags: { ...flagsOfVerb(verb, flags), ...flagsOfLine(globals) },
    projectFile: textOf(globals.config),
    ...(verb.withoutConfig ? { only: terminalKeys } : {}),
  };
}

/** The settings of a verb. */
export function globalFlags({ globals }: ParsedLine, config: Config): GlobalFlags {
  const { output, quiet, time, timeoutMs, org, profile, url } = config.values;
  const optional = {
    field: textOf(globals.field),
    columns: textOf(globals.columns)
      ?.split(',')
      .map((column) => column.trim()),
    confirm: textOf(globals.confirm),
    config: textOf(globals.config),
    idempotencyKey: textOf(globals.idempotencyKey),
    reason: textOf(globals.reason),
    timeoutMs: config.origin('timeoutMs').source === 'default' ? undefined : timeoutMs,
    org,
    profile,
    url,
  };
  return Object.freeze({
    output,
    quiet,
    time,
    verbose: globals.verbose === true || globals.debug === true,
    debug: globals.debug === true || config.values.log === 'debug',
    yes: globals.yes === true,
    input: globals.input !== false,
    dryRun: globals.dryRun === true,
    ...present(optional),
  });
}

/** The form of the answer as far as an unread line tells, for errors that come before it is read. */
export function guessOutput(argv: readonly string[], env: Environment): GlobalFlags['output'] {
  const line = argv.join('\n');
  if (/(^|\n)--json(\n|$)/.test(line)) return 'json';
  const written = /(?:^|\n)(?:-o|--output)[=\n]?(json|yaml|ndjson|table)(?:\n|$)/.exec(line)?.[1];
  const output = written ?? env.DARTWING_OUTPUT;
  return output === 'json' || output === 'yaml' || output === 'ndjson' ? output : 'table';
}

function flagsOfLine(globals: ParsedLine['globals']): NonNullable<ConfigInput['flags']> {
  return present({
    output: globals.json === true ? 'json' : textOf(globals.output),
    quiet: globals.quiet === true ? 'true' : undefined,
    time: textOf(globals.time),
    timeoutMs: textOf(globals.timeout),
    org: textOf(globals.org),
    profile: textOf(globals.profile),
    url: textOf(globals.url),
    log: globals.debug === true ? 'debug' : undefined,
  });
}

/** A flag of a verb that is set by the environment name of a key overrides that key: `up --port`. */
function flagsOfVerb(verb: VerbSpec, flags: ParsedLine['flags']): NonNullable<ConfigInput['flags']> {
  const overrides: Partial<Record<ConfigKey, string>> = {};
  for (const flag of verb.flags ?? []) {
    const key = configKeyNames.find(
      (name) => flag.env !== undefined && configKeySpec(name).env.includes(flag.env),
    );
    const value = flags[flagProperty(flag.name)];
    if (key !== undefined && typeof value === 'string') overrides[key] = value;
  }
  return overrides;
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Without the keys that have no value, as exactOptionalPropertyTypes wants it. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
