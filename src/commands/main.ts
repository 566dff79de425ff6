/**
 * The way of one command: line → configuration → verb → answer → exit code.
 *
 * Only this file sets the exit code, through process.exitCode.
 */
import { loadConfig } from '../core/config.js';
import { misspeltNames } from '../core/config-sources.js';
import { withholdMemory } from '../core/core-dump.js';
import { asDartwingError, DartwingError, errorKinds } from '../core/errors.js';
import { refuseSecrets } from './argv-secrets.js';
import { createContext } from './context.js';
import { readEnvFile } from './env-file.js';
import { configInput, globalFlags, guessOutput } from './global-flags.js';
import { createLifetime, type Ending, type Lifetime } from './lifetime.js';
import { commandPath, type Line, readLine } from './line.js';
import { withMe } from './me.js';
import { writeResult } from './output.js';
import { type ParsedLine, parseVerb } from './program.js';
import { isRehearsal, wouldChange } from './rehearsal.js';
import type { NounSpec, VerbResult, VerbSpec } from './spec.js';
import { findNoun } from './specs.js';
import { createIo, type Io } from './ui/io.js';

const findingsExit = 6;
const usageExit = 2;
const exitOfEnding: Readonly<Record<Ending, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  timeout: errorKinds.timeout.exit,
  'closed-pipe': 0,
  fault: errorKinds.internal.exit,
};
/** For a change that is on its way to become an answer. */
const answerMs = 2_000;
/** For a verb that has changed nothing to notice that it has ended. */
const noticeMs = 250;
/** As long as it takes: a second signal ends the process. */
const drainMs = 2 ** 31 - 1;

/** Runs one command line and sets its exit code. */
async function main(argv: readonly string[]): Promise<void> {
  withholdMemory();
  const lifetime = createLifetime(process);
  const session: Session = { io: undefined, debug: argv.includes('--debug') };
  process.exitCode = await runLine(argv, lifetime, session).catch((thrown) =>
    isCompletion(argv) ? 0 : fail(thrown, lifetime, session.io ?? firstIo(argv), session.debug),
  );
  // Everything was written and waited for: nothing can be cut.
  if ((await lifetime.close()) === 'abandoned') process.exit();
}

/** Runs while somebody types, who wants no word about what is wrong. */
function isCompletion(argv: readonly string[]): boolean {
  return argv[0] === '__complete';
}

/** What is known so far; the terminal once flags and configuration have said how it is to be used. */
interface Session {
  io: Io | undefined;
  debug: boolean;
}

async function runLine(argv: readonly string[], lifetime: Lifetime, session: Session): Promise<number> {
  if (!isCompletion(argv)) refuseSecrets(argv);
  const line = readLine(argv);
  const { noun, verb } = line;
  if (line.help || (noun === undefined && !line.version)) return showHelp(line, argv, lifetime, session);
  if (noun === undefined || line.version)
    return runVerb(...named('version'), wordless(argv), lifetime, session);
  if (verb === undefined) return showNoun(noun, firstIo(argv));
  return runVerb(noun, verb, parseVerb(noun, verb, line.rest, process.env), lifetime, session);
}

/** What a line says when only the form of its answer matters. */
function wordless(argv: readonly string[], args: ParsedLine['args'] = {}): ParsedLine {
  return { args, flags: {}, globals: { output: guessOutput(argv, {}) === 'json' ? 'json' : undefined } };
}

async function runVerb(
  noun: NounSpec,
  verb: VerbSpec,
  parsed: ParsedLine,
  lifetime: Lifetime,
  session: Session,
): Promise<number> {
  const path = commandPath(noun, verb);
  process.title = `dartwing ${path}`;
  const rehearsal = isRehearsal(verb, parsed, path);
  const cwd = process.cwd();
  const env = readEnvFile(parsed.globals.envFile, cwd, process.env);
  const input = configInput(verb, parsed, {
    env,
    cwd,
    home: env.HOME ?? env.USERPROFILE,
    platform: process.platform,
    uid: process.getuid?.(),
  });
  const config = await loadConfig(input);
  const global = globalFlags(parsed, config);
  const io = createIo(process, env, { ...global, color: parsed.globals.color }, lifetime.closedPipe);
  io.conceal(config.secrets());
  session.io = io;
  session.debug = global.debug;
  for (const { name, meant } of misspeltNames(env))
    io.warn('UNKNOWN_SETTING', `${name} is no setting and was not read; did you mean ${meant}?`);
  if (verb.deprecated !== undefined)
    io.warn('DEPRECATED', `dartwing ${path} is deprecated: ${verb.deprecated}`);

  lifetime.limit(global.timeoutMs ?? (verb.long ? 0 : config.values.timeoutMs));
  const context = createContext({
    io,
    global,
    config,
    configInput: input,
    env,
    cwd,
    commandPath: path,
    lifetime,
    mutates: verb.mutates,
    isLong: verb.long ?? false,
  });
  const { run } = await verb.load();
  const work = run(context, await withMe(context, verb, parsed)).then(async (result) => {
    if (parsed.flags.pager === true && io.interactive && io.out.isTTY) {
      const { throughPager } = await import('./ui/pager.js');
      const write = (paged: Io): Promise<void> => writeResult(paged, global, result);
      await lifetime.lend(() => throughPager(io, env, write));
    } else await writeResult(io, global, result);
    const exit = exitOf(result);
    return {
      exit: exit === 0 && rehearsal && wouldChange(result) ? findingsExit : exit,
      isCut: 'whole' in result ? !result.whole : verb.long === true && lifetime.isHeeded(),
    };
  });
  const { exit, isCut } = await lifetime.supervise(work, (by) => graceMs(verb, by, lifetime));
  const ending = lifetime.ending();
  // Who answers in spite of an early end has done what was asked for: it must not be reported as not done.
  return ending === undefined || (!isCut && ending !== 'fault' && ending !== 'closed-pipe')
    ? exit
    : exitOfEnding[ending];
}

/** How long a verb may go on after its early end. */
function graceMs(verb: VerbSpec, by: Ending, lifetime: Lifetime): number {
  const signalled = by === 'SIGINT' || by === 'SIGTERM';
  if (verb.long && signalled) return drainMs;
  if (verb.long && verb.mutates) return answerMs;
  return lifetime.mayHaveChanged() ? answerMs : noticeMs;
}

function exitOf(result: VerbResult): number {
  if ('partial' in result && result.partial) return errorKinds.partial.exit;
  if ('isUnavailable' in result && result.isUnavailable) return errorKinds.unavailable.exit;
  return 'findings' in result && result.findings ? findingsExit : 0;
}

/** `--help` anywhere, or a line without words: everything else on it is ignored. */
async function showHelp(
  line: Line,
  argv: readonly string[],
  lifetime: Lifetime,
  session: Session,
): Promise<number> {
  const { noun, verb } = line;
  const path =
    noun === undefined || noun.name === 'help' ? [] : [noun.name, ...(verb?.name ? [verb.name] : [])];
  return runVerb(
    ...named('help'),
    { ...wordless(argv, { path }), flags: { command: true } },
    lifetime,
    session,
  );
}

async function showNoun(noun: NounSpec, io: Io): Promise<number> {
  const { nounHelp } = await import('./help/index.js');
  io.say(nounHelp(noun));
  return usageExit;
}

async function fail(thrown: unknown, lifetime: Lifetime, io: Io, debug: boolean): Promise<number> {
  const ending = lifetime.ending();
  if (ending === 'closed-pipe') return exitOfEnding[ending];
  const error = lifetime.reason() ?? asDartwingError(thrown);
  const [{ writeError }, { requestId }] = await Promise.all([
    import('./ui/error.js'),
    import('./request-id.js'),
  ]);
  writeError(io, error, { requestId: requestId(), debug });
  return ending === undefined ? errorKinds[error.kind].exit : exitOfEnding[ending];
}

function firstIo(argv: readonly string[]): Io {
  const color = argv.includes('--no-color') ? false : undefined;
  return createIo(process, process.env, {
    output: guessOutput(argv, process.env),
    quiet: false,
    verbose: false,
    input: false,
    color,
  });
}

function named(name: string): [NounSpec, VerbSpec] {
  const noun = findNoun(name);
  const verb = noun?.verbs[0];
  if (noun === undefined || verb === undefined)
    throw new DartwingError('INTERNAL', { message: `no command ${name}` });
  return [noun, verb];
}

void main(process.argv.slice(2));
