/** What --report adds for an issue: nothing that opens a door, and nothing that names a tenant or a person. */
import { arch, loadavg, platform, release, totalmem } from 'node:os';
import { packageVersion } from '../../core/package-root.js';
import type { CommandContext } from '../context.js';
import { type CheckResult, examine } from './check.js';
import { checks } from './checks.js';

const privateIds = new Set(checks.filter(({ isPrivate }) => isPrivate).map(({ id }) => id));

/** A result without names: how much was found, and not what, where that would tell of whom. */
export function forEverybody(result: CheckResult): CheckResult & { found_count?: number } {
  if (!privateIds.has(result.id)) return result;
  const { found, fix, ...rest } = result;
  return {
    ...rest,
    fix: fix.map(withoutNames),
    ...(found === undefined ? {} : { found_count: found.length }),
  };
}

export async function bundleOf(context: CommandContext, results: readonly CheckResult[]): Promise<object> {
  const settings = context.config
    .entries()
    .filter(({ origin }) => origin.source !== 'default' && origin.source !== 'none')
    .map(({ key, origin }) => ({ key, from: origin.name ?? origin.source }));
  return {
    machine: {
      dartwing: packageVersion(),
      node: process.versions.node,
      platform: `${platform()}-${arch()}`,
      release: release(),
      memory_bytes: totalmem(),
      load: loadavg()[0],
    },
    settings,
    metrics: isOpen(results) ? await readingsOf(context) : [],
  };
}

function isOpen(results: readonly CheckResult[]): boolean {
  return ['database', 'keys', 'migrations'].every((id) =>
    results.some((result) => result.id === id && result.status !== 'fail' && result.status !== 'skip'),
  );
}

/** Numbers over all organizations; no label of theirs names one. */
function readingsOf(context: CommandContext): Promise<object[]> {
  return examine(context, async ({ core }) =>
    (await (await core()).metrics.readings()).map(({ name, labels = {}, value }) => ({
      name,
      labels,
      value,
    })),
  );
}

/** A command without the values that it is given. */
function withoutNames(line: string): string {
  return line.replace(/(--org|--url) \S+/g, '$1 …').replace(/JOB-\S+/g, 'JOB-…');
}
