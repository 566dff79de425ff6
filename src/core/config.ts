/**
 * Configuration with origins. Each key is taken from the first place that names it:
 *
 *   flag → environment (or its _FILE twin) → project file dartwing.yaml → profile of the user file → default
 *
 * Nothing here reads the process: environment, folders and user id come in as arguments. Wrong values of all
 * places are gathered into one CONFIG_INVALID whose fields name each place.
 */
import { join, resolve } from 'node:path';
import {
  type ConfigKey,
  type ConfigKeySpec,
  type ConfigValues,
  configKeyNames,
  configKeySpec,
  fileName,
} from './config-keys.js';
import {
  type Candidate,
  type ConfigInput,
  findProjectFile,
  fromDefaults,
  fromEnvironment,
  fromFlags,
  fromProfile,
  fromProject,
  isSet,
  type Origin,
  type Sources,
} from './config-sources.js';
import { DartwingError, type FieldError } from './errors.js';

export type { ConfigKey, ConfigValues } from './config-keys.js';
export type { ConfigInput, Origin } from './config-sources.js';

const nowhere: Origin = Object.freeze({ source: 'none', name: '' });

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

function readValues(chosen: Sources, problems: FieldError[]): ConfigValues {
  const values: Partial<Record<ConfigKey, unknown>> = {};
  for (const [key, candidate] of chosen) {
    const spec = configKeySpec(key);
    try {
      values[key] = spec.read(textOf(spec, candidate));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const path = candidate.place === undefined ? candidate.origin.name : fileName(key);
      problems.push({ path, message, ...candidate.place });
    }
  }
  // The table gives every key its type; a key without default may be absent.
  return Object.freeze(values) as ConfigValues;
}

/** The text of a value, with paths made absolute. */
function textOf({ path }: ConfigKeySpec<unknown>, { base, text }: Candidate): string {
  if (path === undefined) return text;
  if (path === true) return resolve(base, text);
  const files = text.split(',').flatMap((file) => (file.trim() === '' ? [] : [resolve(base, file.trim())]));
  return files.join(',');
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
    // The address of a server holds no password, and errors have to name it.
    if (key === 'url' && /^https?:\/\/[^@?]*$/.test(value)) continue;
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
