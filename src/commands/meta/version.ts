import { packageVersion } from '../../core/package-root.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async () => {
  const cli = packageVersion();
  const node = process.versions.node;
  const platform = `${process.platform}-${process.arch}`;
  return {
    document: { api_version: 'dartwing/v1', kind: 'Version', cli, node, platform },
    table: { columns: [], sentence: `dartwing ${cli}, Node ${node}, ${platform}` },
  };
};
