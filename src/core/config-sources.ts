/** The places a setting may come from, each read into the texts it names. */
import { dirname, relative, resolve } from 'node:path';
import {
  type FileMapping,
  findUpwards,
  readMapping,
  readText,
  requirePrivate,
  unknownKey,
} from './config-files.js';
import { type ConfigKey, configKeyNames, configKeySpec, fileName, keyOfFileName } from './config-keys.js';
import { DartwingError, type FieldError, nearest } from './errors.js';

/** What the loader may look at. */
export interface ConfigInput {
  /** Values of flags by key, as text. */
  flags?: Partial<Record<ConfigKey, string>>;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Home folder of the user; without it (and without XDG_CONFIG_HOME) there is no user file. */
  home?: string | undefined;
  platform?: string;
  uid?: number | undefined;
  /** A project file instead of the one found upwards. */
  projectFile?: string | undefined;
  /** Reads no file, and only these keys of the environment: for commands that must work beside a broken file. */
  only?: readonly ConfigKey[];
}

/** Where a value came from: the kind of place, and its name (`DARTWING_PORT`, `dartwing.yaml:3:1`). */
export interface Origin {
  source: 'flag' | 'environment' | 'project' | 'profile' | 'default' | 'none';
  name: string;
}

/** A text that may become the value of a key. */
export interface Candidate {
  text: string;
  origin: Origin;
  /** Folder that a path is relative to. */
  base: string;
  place?: { file: string; line: number; column: number };
}

/** What one place says. */
export type Sources = Map<ConfigKey, Candidate>;

/** The project file: the named one, or the one found upwards. */
export function findProjectFile(input: ConfigInput): string | undefined {
  const named = input.projectFile ?? input.env.DARTWING_CONFIG;
  if (!isSet(named)) return findUpwards('dartwing.yaml', input.cwd, input.uid);
  const file = resolve(input.cwd, named);
  if (readText(file) === undefined)
    throw new DartwingError('BAD_FILE', { file: named, message: 'there is no such file' });
  return file;
}

/** What the flags of the line say. */
export function fromFlags(input: ConfigInput): Sources {
  const sources: Sources = new Map();
  for (const key of configKeyNames) {
    const text = input.flags?.[key];
    const name = `--${fileName(key).replaceAll('_', '-')}`;
    if (text !== undefined) sources.set(key, { text, base: input.cwd, origin: { source: 'flag', name } });
  }
  return sources;
}

/** What the environment says; a `_FILE` twin names a file with the value. */
export function fromEnvironment(input: ConfigInput, problems: FieldError[]): Sources {
  const sources: Sources = new Map();
  for (const key of input.only ?? configKeyNames) {
    for (const name of configKeySpec(key).env) {
      const text = environmentText(name, input, problems);
      if (text === undefined || sources.has(key)) continue;
      sources.set(key, { ...text, base: input.cwd });
    }
  }
  return sources;
}

const prefix = 'DARTWING_';
/** Names that are read elsewhere than from the table of configuration. */
const besides = ['CONFIG', 'COMPLETION_TIMEOUT'];

/** Names in the environment that nobody reads and that look like a setting with a typing error. */
export function misspeltNames(env: ConfigInput['env']): { name: string; meant: string }[] {
  const unread = Object.keys(env).filter((name) => name.startsWith(prefix));
  if (unread.length === 0) return [];
  const settings = configKeyNames
    .flatMap((key) => configKeySpec(key).env)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .concat(besides);
  const known = new Set(settings.flatMap((name) => [name, `${name}_FILE`]));
  return unread.flatMap((name) => {
    const rest = name.slice(prefix.length);
    const meant = known.has(rest) ? undefined : nearest(rest, known);
    return meant === undefined ? [] : [{ name, meant: prefix + meant }];
  });
}

function environmentText(
  name: string,
  { env, cwd }: ConfigInput,
  problems: FieldError[],
): Pick<Candidate, 'text' | 'origin'> | undefined {
  const direct = env[name];
  const twin = `${name}_FILE`;
  const file = env[twin];
  if (isSet(direct) && isSet(file)) {
    problems.push({ path: twin, message: `stands beside ${name}; set one of them` });
    return undefined;
  }
  if (isSet(direct)) return { text: direct, origin: { source: 'environment', name } };
  if (!isSet(file)) return undefined;
  const text = readText(resolve(cwd, file));
  if (text === undefined) problems.push({ path: twin, message: `names ${file}, which does not exist` });
  return text === undefined
    ? undefined
    : { text: text.trim(), origin: { source: 'environment', name: twin } };
}

/** What dartwing.yaml says. Secrets in it are refused (CONFIG_SECRET_IN_PROJECT). */
export async function fromProject(
  file: string,
  input: ConfigInput,
  problems: FieldError[],
): Promise<Sources> {
  const shown = relative(input.cwd, file) || file;
  const mapping = await readMapping(file, shown, problems);
  if (mapping === undefined) return new Map();
  const sources = fromMapping(mapping, shown, { source: 'project', base: dirname(file) }, problems);
  for (const key of sources.keys()) {
    if (configKeySpec(key).secret)
      throw new DartwingError('CONFIG_SECRET_IN_PROJECT', { file: shown, key: fileName(key) });
  }
  for (const [name] of mapping.mappings)
    problems.push({ path: name, message: unknownKey(name, fileNames()), file: shown });
  return sources;
}

/** What the chosen profile of the user file says; `chosen` may already name it. Throws PROFILE_NOT_FOUND. */
export async function fromProfile(
  file: string,
  input: ConfigInput,
  chosen: Sources,
  problems: FieldError[],
): Promise<Sources> {
  requirePrivate(file, input.platform ?? 'linux');
  const mapping = await readMapping(file, file, problems);
  const wanted = chosen.get('profile')?.text;
  const current = mapping?.scalars.get('profile');
  const name = wanted ?? current?.text ?? 'default';
  const profile = mapping?.mappings.get('profiles')?.mappings.get(name);
  if (profile === undefined) {
    if (wanted !== undefined || current !== undefined) throw new DartwingError('PROFILE_NOT_FOUND', { name });
    return new Map();
  }
  const sources = fromMapping(
    profile,
    file,
    { source: 'profile', base: dirname(file), name: `profile ${name}` },
    problems,
  );
  if (wanted === undefined) {
    sources.set('profile', { text: name, base: dirname(file), origin: { source: 'profile', name: file } });
  }
  return sources;
}

function fromMapping(
  mapping: FileMapping,
  file: string,
  from: { source: 'project' | 'profile'; base: string; name?: string },
  problems: FieldError[],
): Sources {
  const sources: Sources = new Map();
  for (const [name, { text, line, column }] of mapping.scalars) {
    const key = keyOfFileName(name);
    const place = { file, line, column };
    if (key === undefined) problems.push({ path: name, message: unknownKey(name, fileNames()), ...place });
    else {
      const origin: Origin = { source: from.source, name: from.name ?? `${file}:${line}:${column}` };
      sources.set(key, { text, base: from.base, origin, place });
    }
  }
  return sources;
}

/** What holds when nobody says anything. */
export function fromDefaults(input: ConfigInput): Sources {
  const sources: Sources = new Map();
  for (const key of configKeyNames) {
    const spec = configKeySpec(key);
    if (spec.default === undefined) continue;
    const found =
      key === 'data' && input.only === undefined
        ? findUpwards(spec.default, input.cwd, input.uid)
        : undefined;
    sources.set(key, {
      text: found ?? spec.default,
      base: input.cwd,
      origin: { source: 'default', name: '' },
    });
  }
  return sources;
}

function fileNames(): string[] {
  return configKeyNames.map(fileName);
}

/** Whether a variable has a value; an empty one counts as unset. */
export function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
