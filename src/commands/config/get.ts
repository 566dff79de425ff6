import { fileName } from '../../core/config-keys.js';
import type { VerbRun } from '../spec.js';
import { requireKey } from './keys.js';

export const run: VerbRun = async ({ config }, { args }) => {
  const name = fileName(requireKey(String(args.key)));
  const entry = config.entries().find(({ key }) => key === name);
  const value = entry?.value ?? null;
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'ConfigEntry',
      key: name,
      value,
      secret: entry?.secret ?? false,
      origin: entry?.origin.source ?? 'none',
      place: entry?.origin.name ?? '',
    },
    table: { columns: [], sentence: value === null ? '' : String(value) },
  };
};
