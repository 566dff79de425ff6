/** Profiles in the user file: named connections, one of them current. */
import { isMap } from 'yaml';
import { maskSecret, userFileOf } from '../../core/config.js';
import { requirePrivate } from '../../core/config-files.js';
import { type ConfigKey, configKeySpec, keyOfFileName } from '../../core/config-keys.js';
import { DartwingError, nearest } from '../../core/errors.js';
import { openYaml, type YamlFile } from '../config/yaml-file.js';
import type { CommandContext } from '../context.js';

/** A profile as it may be shown: secrets masked. */
export interface ProfileView {
  name: string;
  current: boolean;
  [key: string]: unknown;
}

export interface Profiles {
  readonly path: string;
  list(): readonly ProfileView[];
  /** One profile, or PROFILE_NOT_FOUND. */
  require(name: string): ProfileView;
  current(): string | undefined;
  /** The true values of a profile, for comparing only. */
  values(name: string): Readonly<Record<string, unknown>> | undefined;
  put(name: string, values: Readonly<Record<string, unknown>>): void;
  use(name: string): void;
  remove(name: string): void;
  /** Writes the file with mode 0600. */
  save(): Promise<void>;
}

/** Opens the user file. Throws CONFIG_PERMISSIONS when others can read it. */
export function openProfiles({ configInput }: Pick<CommandContext, 'configInput'>): Profiles {
  const path = userFileOf(configInput);
  if (path === undefined) {
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'A folder for the user file',
      flag: 'XDG_CONFIG_HOME',
    });
  }
  requirePrivate(path, configInput.platform ?? 'linux');
  const file = openYaml(path);
  const current = (): string | undefined => {
    const name = file.document.get('profile');
    return typeof name === 'string' ? name : undefined;
  };
  const view = (name: string): ProfileView => ({
    name,
    current: name === current(),
    ...masked(valuesOf(file, name)),
  });
  return {
    path,
    current,
    list: () => namesOf(file).map(view),
    require: (name) => (valuesOf(file, name) === undefined ? missing(name, namesOf(file)) : view(name)),
    values: (name) => valuesOf(file, name),
    put: (name, values) => file.document.setIn(['profiles', name], file.document.createNode(values)),
    use: (name) => file.document.set('profile', name),
    remove: (name) => {
      file.document.deleteIn(['profiles', name]);
      if (current() === name) file.document.delete('profile');
    },
    save: () => file.save(0o600),
  };
}

function namesOf(file: YamlFile): string[] {
  const profiles = file.document.get('profiles');
  return isMap(profiles) ? profiles.items.map((item) => String(item.key)) : [];
}

function valuesOf(file: YamlFile, name: string): Readonly<Record<string, unknown>> | undefined {
  const profile = file.document.getIn(['profiles', name]);
  return isMap(profile) ? profile.toJS(file.document) : undefined;
}

function masked(values: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    isSecret(keyOfFileName(name)) ? maskSecret(String(value)) : value,
  ]);
  return Object.fromEntries(entries);
}

/** What nobody knows is masked too: it may be a secret with a typing error in its name. */
function isSecret(key: ConfigKey | undefined): boolean {
  return key === undefined || configKeySpec(key).secret === true;
}

function missing(name: string, names: readonly string[]): never {
  const near = nearest(name, names);
  throw new DartwingError(
    'PROFILE_NOT_FOUND',
    { name },
    near === undefined ? {} : { why: `Did you mean ${near}?` },
  );
}
