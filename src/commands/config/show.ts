import type { VerbRun } from '../spec.js';

export const run: VerbRun = async ({ config }, { flags }) => {
  const items = config.entries().map(({ key, value, origin, secret }) => ({
    key,
    value,
    secret,
    origin: origin.source,
    place: origin.name,
  }));
  const origin = [
    { header: 'origin', path: 'origin' },
    { header: 'place', path: 'place' },
  ];
  return {
    list: { api_version: 'dartwing/v1', kind: 'ConfigView', items, total_count: items.length },
    table: {
      columns: [
        { header: 'key', path: 'key' },
        { header: 'value', path: 'value' },
        ...(flags.origin === true ? origin : []),
      ],
    },
    ...(flags.origin === true ? {} : { footer: 'dartwing config show --origin' }),
  };
};
