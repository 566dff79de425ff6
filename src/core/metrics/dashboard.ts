/** Dashboards for Grafana, made from the catalogue: whatever is measured has a panel, and nothing else does. */
import { type MetricDefinition, type MetricName, metricCatalogue } from './catalogue.js';

/** One line of a panel. */
interface Target {
  refId: string;
  expr: string;
  legendFormat: string;
}

interface Panel {
  id: number;
  type: 'timeseries';
  title: string;
  description: string;
  datasource: { type: 'prometheus'; uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig: { defaults: { unit: string; min?: number }; overrides: never[] };
  targets: Target[];
}

/** A dashboard as Grafana imports it. */
export interface Dashboard {
  uid: string;
  title: string;
  tags: string[];
  schemaVersion: number;
  timezone: 'utc';
  refresh: string;
  time: { from: string; to: string };
  __inputs: { name: string; label: string; type: 'datasource'; pluginId: 'prometheus' }[];
  panels: Panel[];
}

type Chosen = readonly MetricName[] | readonly MetricDefinition['group'][];

const source = 'DS_PROMETHEUS';

/** What each shows: groups of the catalogue, or for the first look single metrics of all of them. */
const contents: Readonly<Record<string, { title: string; groups?: Chosen; names?: Chosen }>> = {
  overview: {
    title: 'dartwing: overview',
    names: [
      'dartwing_http_requests_total',
      'dartwing_http_request_duration_seconds',
      'dartwing_http_active_requests',
      'dartwing_database_up',
      'dartwing_database_pool_connections',
      'dartwing_job_queue_depth',
      'dartwing_job_oldest_seconds',
      'dartwing_job_dead_letters',
      'dartwing_sync_lag_seconds',
      'dartwing_realtime_connections',
      'dartwing_integrations',
      'dartwing_process_event_loop_delay_seconds',
      'dartwing_process_resident_memory_bytes',
      'dartwing_process_cpu_seconds_total',
    ],
  },
  jobs: { title: 'dartwing: jobs', groups: ['jobs'] },
  sync: { title: 'dartwing: sync and realtime', groups: ['sync', 'realtime'] },
  integrations: { title: 'dartwing: integrations', groups: ['integrations'] },
  security: { title: 'dartwing: security', groups: ['security'] },
};

/** Names of dashboards. */
export const dashboardNames: readonly string[] = Object.keys(contents);

/** @param name one of `dashboardNames` */
export function dashboardOf(name: string): Dashboard {
  const { title, groups, names } = contents[name]!;
  const chosen = metricCatalogue.filter(
    (metric) => groups?.some((group) => group === metric.group) ?? names?.some((one) => one === metric.name),
  );
  return {
    uid: `dartwing-${name}`,
    title,
    tags: ['dartwing'],
    schemaVersion: 39,
    timezone: 'utc',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    __inputs: [{ name: source, label: 'Prometheus', type: 'datasource', pluginId: 'prometheus' }],
    panels: chosen.map(panelOf),
  };
}

function panelOf(metric: MetricDefinition, index: number): Panel {
  return {
    id: index + 1,
    type: 'timeseries',
    title: metric.help,
    description: metric.name,
    datasource: { type: 'prometheus', uid: `\${${source}}` },
    gridPos: { x: (index % 2) * 12, y: Math.floor(index / 2) * 8, w: 12, h: 8 },
    fieldConfig: { defaults: { unit: unitOf(metric), min: 0 }, overrides: [] },
    targets: targetsOf(metric),
  };
}

/**
 * What an installation tells is the same from every process, so its maximum is taken; what processes count is added up.
 * A route is a label worth a line only where requests are counted: then the busiest ten are shown.
 */
function targetsOf({ name, type, labels, of }: MetricDefinition): Target[] {
  const over = '[$__rate_interval]';
  if (type === 'histogram')
    return [0.5, 0.95, 0.99].map((share, index) => ({
      refId: 'ABC'[index]!,
      expr: `histogram_quantile(${share}, sum by (le) (rate(${name}_bucket${over})))`,
      legendFormat: `p${share * 100}`,
    }));
  const by = labels.length === 0 ? '' : ` by (${labels.join(', ')})`;
  const reduce = of === 'installation' || name.endsWith('_seconds') ? 'max' : 'sum';
  const inner = type === 'counter' ? `rate(${name}${over})` : name;
  const whole = `${reduce}${by} (${inner})`;
  return [
    {
      refId: 'A',
      expr: labels.includes('route') || labels.includes('type') ? `topk(10, ${whole})` : whole,
      legendFormat: labels.length === 0 ? name : labels.map((label) => `{{${label}}}`).join(' '),
    },
  ];
}

function unitOf({ unit, type }: MetricDefinition): string {
  if (type === 'counter') return unit === 'seconds' ? 'percentunit' : 'cps';
  return unit === 'seconds' ? 's' : unit === 'bytes' ? 'bytes' : 'short';
}
