/** The doctypes of a process: those that come with dartwing, and those that modules bring. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { DartwingError, nearest } from '../errors.js';
import type { DataKeys } from '../keys/index.js';
import { limits } from '../limits.js';
import { packageRoot } from '../package-root.js';
import { type DefinitionInput, invalid, parseDefinition } from './definition.js';
import { compileDoctype, type Doctype } from './doctype.js';
import { Keys } from './indexes.js';
import { openVault, type Vault } from './vault.js';

export interface Registry {
  /** Seals and opens the fields that doctypes say are sealed. */
  readonly vault: Vault;
  /** By which declared indexes documents are found. */
  readonly keys: Keys;
  /** @throws DOCTYPE_UNKNOWN with the nearest name */
  get(name: string): Doctype;
  find(name: string): Doctype | undefined;
  all(): Doctype[];
  /**
   * Adds a doctype, or a newer version of one of the same module. The same definition again changes nothing.
   * @throws DOCTYPE_INVALID, DOCTYPE_TAKEN
   */
  register(definition: DefinitionInput): Doctype;
  /** Links to doctypes that nobody has defined. */
  loose(): { doctype: string; field: string; to: string }[];
}

/** Doctypes that a Link may name although they are no documents of their own. */
export function openRegistry(
  more: readonly DefinitionInput[] = [],
  keys?: () => DataKeys,
  folder: string = join(packageRoot(), 'templates', 'doctypes'),
): Registry {
  const doctypes = new Map<string, Doctype>();
  const add = (value: unknown, where: string): Doctype => {
    const fresh = compileDoctype(parseDefinition(value, where));
    const known = doctypes.get(fresh.name);
    if (known?.fingerprint === fresh.fingerprint) return known;
    if (known !== undefined) refuseOther(known, fresh);
    if (doctypes.size >= limits.doctypesMax)
      throw invalid(where, `there are ${limits.doctypesMax} doctypes already`);
    doctypes.set(fresh.name, fresh);
    return fresh;
  };
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  for (const name of names.sort()) add(readYaml(join(folder, name), name), name);
  for (const definition of more) add(definition, definition.doctype ?? 'a module');
  return {
    keys: new Keys(),
    vault: openVault((name) => doctypes.get(name), keys),
    find: (name) => doctypes.get(name),
    get: (name) => {
      const doctype = doctypes.get(name);
      if (doctype !== undefined) return doctype;
      const known = nearest(name, doctypes.keys()) ?? [...doctypes.keys()].join(', ');
      throw new DartwingError('DOCTYPE_UNKNOWN', { doctype: name.slice(0, 80), known });
    },
    all: () => [...doctypes.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    register: (definition) => add(definition, definition.doctype ?? 'a module'),
    loose: () =>
      [...doctypes.values()].flatMap(({ name, definition }) =>
        definition.fields
          .flatMap((field) => [field, ...(field.fields ?? [])])
          .filter(({ type, options }) => type === 'Link' && !doctypes.has(options as string))
          .map((field) => ({ doctype: name, field: field.name, to: field.options as string })),
      ),
  };
}

function refuseOther(known: Doctype, fresh: Doctype): void {
  const { module, version } = known.definition;
  if (fresh.definition.module === module && fresh.definition.version > version) return;
  throw new DartwingError('DOCTYPE_TAKEN', { doctype: known.name, module, version });
}

function readYaml(file: string, name: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw invalid(name, (error as Error).message);
  }
}
