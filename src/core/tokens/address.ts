/** Addresses of a provider with an organization's own settings, and where a credential may be sent. Pure. */
import { DartwingError } from '../errors.js';
import type { Provider } from './provider.js';

export type Settings = Readonly<Record<string, string>>;

/** Settings as the provider wants them, with its defaults. @throws VALIDATION_ERROR naming what is missing or wrong */
export function parseSettings(provider: Provider, given: Readonly<Record<string, unknown>> = {}): Settings {
  for (const key of Object.keys(given))
    if (!Object.hasOwn(provider.settings, key))
      throw invalid(`${provider.title} has no setting "${key.slice(0, 80)}"`);
  const settings: Record<string, string> = {};
  for (const [key, { label, pattern, choices, default: otherwise }] of Object.entries(provider.settings)) {
    const value = given[key] ?? otherwise;
    if (typeof value !== 'string' || value === '')
      throw invalid(`${provider.title} needs the setting ${key}: ${label}`);
    const fits = choices?.includes(value) ?? (value.length <= 200 && new RegExp(pattern!).test(value));
    if (!fits)
      throw invalid(
        `The setting ${key} of ${provider.title} is ${choices ? `one of ${choices.join(', ')}` : label}`,
      );
    settings[key] = value;
  }
  return settings;
}

/** An address with the settings in their places. */
export function fillIn(template: string, settings: Settings): string {
  return template.replace(/\{(\w+)\}/g, (_, key: string) => settings[key] ?? '');
}

/** Whether a credential of the provider may be sent to a host. */
export function isHostOf(provider: Provider, settings: Settings, url: URL): boolean {
  return provider.hosts.some((pattern) => {
    const wanted = fillIn(pattern, settings).toLowerCase();
    const host = wanted.includes(':') ? url.host : url.port === '' ? url.hostname : url.host;
    return wanted.startsWith('*.')
      ? host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1
      : host === wanted;
  });
}

function invalid(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
