import { packageVersion } from '../../core/package-root.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const cli = packageVersion();
  const node = process.versions.node;
  const platform = `${process.platform}-${process.arch}`;
  const document = { api_version: 'dartwing/v1' as const, kind: 'Version', cli, node, platform };
  const sentence = `dartwing ${cli}, Node ${node}, ${platform}`;
  if (flags.check !== true) return { document, table: { columns: [], sentence } };

  const { newestVersion, precedes } = await import('./registry.js');
  const latest = await newestVersion(context.env, context.signal);
  const outdated = precedes(cli, latest);
  return {
    document: { ...document, latest, outdated },
    table: {
      columns: [],
      sentence: `${sentence}\n${outdated ? `${latest} is there` : 'There is no newer one'}`,
    },
    next: outdated ? [`npm install dartwing@${latest}`] : [],
  };
};
