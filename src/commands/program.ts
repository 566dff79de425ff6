/** Builds the parser of one verb from its spec and reads the line with it. Usage errors become errors of the catalogue. */
import { Argument, Command, CommanderError, Option } from 'commander';
import { DartwingError } from '../core/errors.js';
import { flagProperty, globalFlags, globalFlagsOf } from './flags.js';
import { commandPath } from './line.js';
import type { FlagSpec, NounSpec, Parsed, VerbSpec } from './spec.js';

/** What was on the line: the verb's own arguments and flags, and the global flags as they were written. */
export interface ParsedLine extends Parsed {
  globals: Readonly<Record<string, string | boolean | undefined>>;
}

/** Reads the words of a verb. Throws USAGE. */
export function parseVerb(
  noun: NounSpec,
  verb: VerbSpec,
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedLine {
  const path = commandPath(noun, verb);
  const command = parse(path, verb, words);
  const options = command.opts<Record<string, string | boolean | string[] | undefined>>();
  const flags: Record<string, string | boolean | readonly string[] | undefined> = {};
  for (const flag of verb.flags ?? []) flags[flagProperty(flag.name)] = flagValue(flag, options, env, path);
  const globals: Record<string, string | boolean | undefined> = {};
  for (const { name } of globalFlags) {
    const value = options[flagProperty(name)];
    if (!Array.isArray(value)) globals[flagProperty(name)] = value;
  }
  if (globals.json === true && globals.output !== undefined && globals.output !== 'json') {
    throw new DartwingError('USAGE', {
      message: `--json and --output ${globals.output} contradict each other`,
      command: path,
    });
  }
  return { args: namedArguments(verb, command.processedArgs), flags, globals };
}

/** Of the global flags only those on the line are built; all of them only to find the one a mistake is near to. */
function parse(path: string, verb: VerbSpec, words: readonly string[]): Command {
  const all = globalFlagsOf(verb);
  const present = all.filter(({ name, short }) =>
    words.some((word) => word.startsWith(`--${name}`) || hasShort(word, short)),
  );
  try {
    return buildParser(path, verb, present).parse([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code !== 'commander.unknownOption' || present.length === all.length) throw usage(path, error);
  }
  try {
    return buildParser(path, verb, all).parse([...words], { from: 'user' });
  } catch (error) {
    throw error instanceof CommanderError ? usage(path, error) : error;
  }
}

/** Short flags may stand together: `-qo json`. */
function hasShort(word: string, short: string | undefined): boolean {
  return short !== undefined && /^-[a-zA-Z]/.test(word) && word.includes(short);
}

function buildParser(path: string, verb: VerbSpec, globals: readonly FlagSpec[]): Command {
  const silent = (): void => {};
  const command = new Command(path)
    .exitOverride()
    .helpOption(false)
    .configureOutput({ writeOut: silent, writeErr: silent, outputError: silent })
    .action(silent);
  for (const { name, required, variadic, choices } of verb.arguments ?? []) {
    const word = variadic ? `${name}...` : name;
    const argument = new Argument(required ? `<${word}>` : `[${word}]`);
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  const own = verb.flags ?? [];
  for (const flag of own) command.addOption(toOption(flag));
  for (const flag of globals) {
    if (!own.some((other) => other.name === flag.name)) command.addOption(toOption(flag));
  }
  return command;
}

function toOption(flag: FlagSpec): Option {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const option = new Option(`${short}--${flag.name}${flag.value === undefined ? '' : ` <${flag.value}>`}`);
  if (flag.choices !== undefined && !flag.repeat) option.choices(flag.choices);
  if (flag.default !== undefined) option.default(flag.default);
  if (flag.repeat)
    option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  return option;
}

function flagValue(
  flag: FlagSpec,
  options: Readonly<Record<string, string | boolean | string[] | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
  command: string,
): string | boolean | readonly string[] | undefined {
  const written = options[flagProperty(flag.name)];
  const value =
    written ?? (flag.env === undefined || flag.value === undefined ? undefined : env[flag.env] || undefined);
  for (const one of Array.isArray(value) ? value : [value]) {
    if (typeof one === 'string' && flag.choices !== undefined && !flag.choices.includes(one)) {
      const message = `"${one}" is not a value of --${flag.name} (${flag.choices.join(', ')})`;
      throw new DartwingError('USAGE', { message, command });
    }
  }
  return value;
}

function namedArguments(verb: VerbSpec, values: readonly unknown[]): Parsed['args'] {
  const named: Record<string, string | readonly string[] | undefined> = {};
  (verb.arguments ?? []).forEach(({ name, variadic }, index) => {
    const value = values[index];
    named[name] = variadic
      ? Array.isArray(value)
        ? value.map(String)
        : []
      : value === undefined
        ? undefined
        : String(value);
  });
  return named;
}

function usage(command: string, error: CommanderError): DartwingError {
  const [first = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const message = first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, '').replaceAll("'", '"');
  const why = hint?.replace(/^\(|\)$/g, '');
  return new DartwingError('USAGE', { message, command }, why === undefined ? {} : { why });
}
