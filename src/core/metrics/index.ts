/**
 * Metrics: what the installation and this process measure, in one catalogue that server, workers and commands share.
 *
 *     dartwing.metrics.meter.count('dartwing_sign_ins_total', { outcome: 'ok' });
 *     const text = await dartwing.metrics.meter.text();       // what Prometheus reads
 *
 * A metric of the installation (depths, ages, lags) is read from the database in one flight of a dozen statements, at
 * most once a second; every process that is asked tells the same. A metric of a process is counted where it happens.
 * Labels hold names of queues, providers, routes as templates: never an organization, a person or a path. A metric has
 * at most 2,000 series; what comes after counts under `__other__`, and that is counted too.
 *
 * Audit: nothing; the numbers are sums over all organizations.
 */
export {
  definitionOf,
  type MetricDefinition,
  type MetricName,
  metricCatalogue,
  type Unit,
} from './catalogue.js';
export { type Dashboard, dashboardNames, dashboardOf } from './dashboard.js';
export type { Labels, Meter, Reading, Series, Source } from './meter.js';
export { type MetricHistory, type Metrics, type MetricsRoom, openMetrics } from './room.js';
export {
  installationInstance,
  keepSample,
  keptReadings,
  keptSeries,
  openSampleStore,
  type SampledSeries,
  thinSamples,
} from './samples.js';
