/**
 * Configuration with origins. Each key is taken from the first place that names it:
 *
 *   flag → environment (or its _FILE twin) → project file dartwing.yaml → profile of the user file → default
 *
 * Nothing here reads the process: environment, folders and user id come in as arguments. Wrong values of all
 * places are gathered into one CONFIG_INVALID whose fields name each place.
 */
import { dirname, join, relative, resolve } from 'node:path';
import {
  type FileMapping,
  findUpwards,
  readMapping,
  readText,
  requirePrivate,
  unknownKey,
} from './config-files.js';
import {
  type ConfigKey,
  type ConfigValues,
  configKeyNames,
  configKeySpec,
  fileName,
  keyOfFileName,
} from './config-keys.js';
import { DartwingError, type FieldError } from './errors.js';

export type { ConfigKey, ConfigValues } from './config-keys.js';

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

/** One line of `dartwing config show`: secrets are masked. */
export interface ConfigEntry {
  key: string;
  value: string | number | boolean | null;
  origin: Origin;
  secret: boolean;
}

/** Checked configuration. Frozen. */
export interface Config {
  readonly values: ConfigValues;
  origin(key: ConfigKey): Origin;
  entries(): readonly ConfigEntry[];
  /** Project file that was read. */
  readonly projectFile: string | undefined;
  /** Where the user file is or would be. */
  readonly userFile: string | undefined;
  /** Organization of the profile, passed over because CI is set: a runner's leftovers must not pick the tenant. */
  readonly ignoredOrganization: string | undefined;
  /** Values that must never be printed. */
  secrets(): readonly string[];
}

interface Candidate {
  text: string;
  origin: Origin;
  /** Folder that a path is relative to. */
  base: string;
  place?: { file: string; line: number; column: number };
}

type Sources = Map<ConfigKey, Candidate>;

const nowhere: Origin = Object.freeze({ source: 'none', name: '' });

/** Reads, checks and freezes the configuration. Throws CONFIG_INVALID, CONFIG_SECRET_IN_PROJECT, CONFIG_PERMISSIONS, PROFILE_NOT_FOUND. */
export async function loadConfig(input: ConfigInput): Promise<Config> {
  const problems: FieldError[] = [];
  const chosen: Sources = new Map();
  const take = (sources: Sources): void => {
    for (const [key, candidate] of sources) if (!chosen.has(key)) chosen.set(key, candidate);
  };
  const projectFile = input.only === undefined ? findProjectFile(input) : undefined;
  const userFile = userFileOf(input);

  take(fromFlags(input));
  take(fromEnvironment(input, problems));
  if (projectFile !== undefined) take(await fromProject(projectFile, input, problems));
  let ignoredOrganization: string | undefined;
  if (input.only === undefined && userFile !== undefined) {
    const profile = await fromProfile(userFile, input, chosen, problems);
    if (isSet(input.env.CI) && !chosen.has('org')) ignoredOrganization = profile.get('org')?.text;
    if (ignoredOrganization !== undefined) profile.delete('org');
    take(profile);
  }
  take(fromDefaults(input));

  const values = readValues(chosen, problems);
  if (problems.length > 0) throw invalid(problems);
  return Object.freeze({
    values,
    projectFile,
    userFile,
    ignoredOrganization,
    origin: (key: ConfigKey) => chosen.get(key)?.origin ?? nowhere,
    entries: () => configKeyNames.map((key) => entryOf(key, values, chosen)),
    secrets: () => secretsOf(values),
  });
}

/** `$XDG_CONFIG_HOME/dartwing/config.yaml`, or what the platform has in its place. */
export function userFileOf(input: Pick<ConfigInput, 'env' | 'home' | 'platform'>): string | undefined {
  const { env, home } = input;
  const base =
    env.XDG_CONFIG_HOME ||
    (input.platform === 'win32' ? env.APPDATA : undefined) ||
    (home === undefined ? undefined : join(home, '.config'));
  return base === undefined ? undefined : join(base, 'dartwing', 'config.yaml');
}

/** A secret as it may be shown: addresses keep their host, everything else only its presence. */
export function maskSecret(value: string): string {
  if (!URL.canParse(value)) return '***';
  const url = new URL(value);
  if (url.password !== '') url.password = '***';
  for (const name of [...url.searchParams.keys()])
    if (/pass|secret|key|token/i.test(name)) url.searchParams.set(name, '***');
  return url.href;
}

function findProjectFile(input: ConfigInput): string | undefined {
  const named = input.projectFile ?? input.env.DARTWING_CONFIG;
  if (!isSet(named)) return findUpwards('dartwing.yaml', input.cwd, input.uid);
  const file = resolve(input.cwd, named);
  if (readText(file) === undefined)
    throw new DartwingError('BAD_FILE', { file: named, message: 'there is no such file' });
  return file;
}

function fromFlags(input: ConfigInput): Sources {
  const sources: Sources = new Map();
  for (const key of configKeyNames) {
    const text = input.flags?.[key];
    const name = `--${fileName(key).replaceAll('_', '-')}`;
    if (text !== undefined) sources.set(key, { text, base: input.cwd, origin: { source: 'flag', name } });
  }
  return sources;
}

function fromEnvironment(input: ConfigInput, problems: FieldError[]): Sources {
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

async function fromProject(file: string, input: ConfigInput, problems: FieldError[]): Promise<Sources> {
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

async function fromProfile(
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

function fromDefaults(input: ConfigInput): Sources {
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

function readValues(chosen: Sources, problems: FieldError[]): ConfigValues {
  const values: Partial<Record<ConfigKey, unknown>> = {};
  for (const [key, candidate] of chosen) {
    const spec = configKeySpec(key);
    try {
      values[key] = spec.read(spec.path ? resolve(candidate.base, candidate.text) : candidate.text);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const path = candidate.place === undefined ? candidate.origin.name : fileName(key);
      problems.push({ path, message, ...candidate.place });
    }
  }
  // The table gives every key its type; a key without default may be absent.
  return Object.freeze(values) as ConfigValues;
}

function entryOf(key: ConfigKey, values: ConfigValues, chosen: Sources): ConfigEntry {
  const secret = configKeySpec(key).secret === true;
  const found = chosen.get(key);
  // Durations are shown as they were written: a bare number would not tell its unit.
  const value = (key.endsWith('Ms') ? found?.text : values[key]) ?? null;
  const shown = secret && value !== null ? maskSecret(String(value)) : value;
  return { key: fileName(key), value: shown, origin: found?.origin ?? nowhere, secret };
}

function secretsOf(values: ConfigValues): string[] {
  const secrets: string[] = [];
  for (const key of configKeyNames) {
    const value = values[key];
    if (!configKeySpec(key).secret || typeof value !== 'string') continue;
    secrets.push(value);
    if (!URL.canParse(value)) continue;
    const { password, username } = new URL(value);
    // A password equal to its user name ("postgres") is no secret worth mutilating every message for.
    if (password.length >= 8 && password !== username) secrets.push(password, decoded(password));
  }
  return secrets;
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}

function invalid(problems: readonly FieldError[]): DartwingError {
  const [first] = problems as readonly [FieldError];
  const where =
    first.file === undefined ? first.path : `${first.file}:${first.line ?? 1}:${first.column ?? 1}`;
  return new DartwingError('CONFIG_INVALID', { where, message: first.message }, { fields: problems });
}

function fileNames(): string[] {
  return configKeyNames.map(fileName);
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
