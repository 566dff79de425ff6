/** The catalogue of providers: templates/providers, and what modules add. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { DartwingError, nearest } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { faultsOf, type Provider, type ProviderInput, providerSchema } from './provider.js';

export interface Catalogue {
  /** In the order of their names. */
  all(): readonly Provider[];
  /** Adds one, or replaces that of the same name. @throws CONFIG_INVALID */
  define(name: string, entry: ProviderInput): void;
  /** @throws PROVIDER_NOT_FOUND with the nearest name */
  require(name: string): Provider;
}

/**
 * Reads every file of the folder and adds the given ones, which replace those of the same name.
 * @throws CONFIG_INVALID naming file, provider and field
 */
export function openCatalogue(
  added: Readonly<Record<string, ProviderInput>> = {},
  folder: string = join(packageRoot(), 'templates', 'providers'),
): Catalogue {
  const providers = new Map<string, Provider>();
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.yaml')) continue;
    for (const [name, entry] of Object.entries(readFile(file, readFileSync(join(folder, file), 'utf8')))) {
      if (providers.has(name)) throw invalid(file, `${name} is described twice`);
      providers.set(name, readProvider(file, name, entry));
    }
  }
  const define: Catalogue['define'] = (name, entry) => {
    providers.set(name, readProvider('tokens.providers', name, entry));
  };
  for (const [name, entry] of Object.entries(added)) define(name, entry);
  return {
    define,
    all: () => [...providers.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    require: (name) => {
      const found = providers.get(name);
      if (found !== undefined) return found;
      const near = nearest(name, providers.keys());
      throw new DartwingError('PROVIDER_NOT_FOUND', {
        name: name.slice(0, 80),
        suggestion: near === undefined ? '' : `Did you mean ${near}?`,
      });
    },
  };
}

function readProvider(file: string, name: string, entry: unknown): Provider {
  const read = providerSchema.safeParse(entry);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw invalid(file, `${name}.${issue?.path.join('.')}: ${issue?.message}`);
  }
  const provider = { ...read.data, name };
  const [fault] = faultsOf(provider);
  if (fault !== undefined) throw invalid(file, `${name}: ${fault}`);
  return Object.freeze(provider);
}

function readFile(file: string, text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(parse(text));
  } catch (error) {
    throw invalid(file, `it is no list of providers by name: ${(error as Error).message.split('\n')[0]}`);
  }
}

function invalid(where: string, message: string): DartwingError {
  return new DartwingError('CONFIG_INVALID', { where, message });
}
