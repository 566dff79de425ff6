/** Checks of processes that run elsewhere, by the samples they keep in the database, and of what they say is wrong. */
import type { Dartwing } from '../../core/index.js';
import type { MetricName } from '../../core/metrics/index.js';
import { type Check, outcomeOf, type Trouble } from './check.js';

/** A process that lives keeps a sample every fifteen seconds. */
const freshMs = 60_000;
const poolShareMax = 0.9;
const diskShareMin = 0.1;
const delaySecondsMax = 0.5;

type Latest = Map<string, Map<string, number>>;

export const processes: Check = {
  id: 'processes',
  needs: ['migrations', 'keys'],
  isPrivate: true,
  run: async ({ core }) => {
    const { metrics } = await core();
    const latest = (name: MetricName, label?: string, where?: Record<string, string>) =>
      latestOf(metrics, { name, label, where });
    const up = await latest('dartwing_process_uptime_seconds');
    const active = await latest('dartwing_database_pool_connections', 'pool', { state: 'active' });
    const size = await latest('dartwing_database_pool_size', 'pool');
    const [free, whole] = [
      await latest('dartwing_process_disk_free_bytes'),
      await latest('dartwing_process_disk_size_bytes'),
    ];
    const delay = await latest('dartwing_process_event_loop_delay_seconds');
    const detour = await latest('dartwing_realtime_bus_degraded');
    const troubles: Trouble[] = [];
    for (const instance of up.keys()) {
      for (const [pool, most] of size.get(instance) ?? []) {
        const busy = active.get(instance)?.get(pool) ?? 0;
        if (busy > most * poolShareMax)
          troubles.push({
            status: 'warn',
            what: `${busy} of ${most} connections of pool ${pool} are in use`,
            found: [`${instance}: ${pool} ${busy}/${most}`],
            fix: [
              `dartwing config set pool_max ${most * 2}`,
              'dartwing metric query dartwing_database_pool_waiting',
            ],
          });
      }
      const share = only(free, instance) / only(whole, instance);
      if (share < diskShareMin)
        troubles.push({
          status: share < diskShareMin / 2 ? 'fail' : 'warn',
          what: `${(share * 100).toFixed(1)} % of a disk is free`,
          found: [instance],
          fix: ['Free space on the machine of that process'],
        });
      if (only(delay, instance) > delaySecondsMax)
        troubles.push({
          status: 'warn',
          what: `A process answers ${only(delay, instance).toFixed(1)} s late because it computes`,
          found: [instance],
          fix: ['Run heavy jobs in a worker of their own: dartwing worker --queue bulk'],
        });
      if (only(detour, instance) > 0)
        troubles.push({
          status: 'warn',
          what: 'Events of a server take a detour around Redis',
          found: [instance],
          fix: ['dartwing doctor --only redis'],
        });
    }
    return outcomeOf(
      up.size === 0
        ? 'No process tells of itself'
        : up.size === 1
          ? '1 process tells of itself'
          : `${up.size} processes tell of themselves`,
      troubles,
    );
  },
};

export const alerts: Check = {
  id: 'alerts',
  needs: ['migrations', 'keys'],
  run: async ({ core }) => {
    const firing = await (await core()).alerts.glance();
    const loud = firing.filter(({ quiet }) => quiet === null);
    if (loud.length === 0) return { what: `${firing.length} fire, and none that is not kept quiet` };
    return {
      status: 'warn',
      what: `${loud.length} alerts fire`,
      found: loud.map(
        ({ rule, severity, labels, since: at }) =>
          `${rule} (${severity}) ${Object.values(labels).join(' ')} since ${at}`,
      ),
      fix: ['dartwing alert list', ...new Set(loud.map(({ rule }) => `dartwing alert show ${rule}`))].slice(
        0,
        6,
      ),
    };
  },
};

/** The newest value by process, and by a label within it. */
async function latestOf(
  metrics: Dartwing['metrics'],
  {
    name,
    label,
    where,
  }: { name: MetricName; label: string | undefined; where: Record<string, string> | undefined },
): Promise<Latest> {
  const since = new Date(Date.now() - freshMs);
  const { series } = await metrics.history(name, { since, where });
  const found: Latest = new Map();
  for (const { labels, points } of series) {
    const value = points.at(-1)?.[1];
    const instance = labels.instance ?? '';
    if (value === undefined) continue;
    const of = found.get(instance) ?? new Map<string, number>();
    found.set(instance, of);
    of.set(label === undefined ? '' : (labels[label] ?? ''), value);
  }
  return found;
}

function only(latest: Latest, instance: string): number {
  return latest.get(instance)?.get('') ?? Number.NaN;
}
