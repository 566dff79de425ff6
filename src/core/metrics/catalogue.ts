/**
 * Every metric of dartwing as data. Names, units and kinds follow the conventions of Prometheus: base units, counters
 * end in `_total`, what cannot grow without end has no such ending.
 *
 * A metric of the installation is read from the database, so every process tells the same value: take its maximum, never
 * its sum. One of a process is counted where it happens: take its sum over processes.
 */

/** What a number measures; part of the name for seconds and bytes. */
export type Unit = 'count' | 'seconds' | 'bytes' | 'state';

export interface MetricDefinition {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  unit: Unit;
  help: string;
  labels: readonly string[];
  /** Who knows it: the database, for the whole installation, or a process, for itself. */
  of: 'installation' | 'process';
  group: 'http' | 'jobs' | 'database' | 'integrations' | 'sync' | 'realtime' | 'security' | 'process';
  /** Upper bounds of a histogram, in its unit. */
  buckets?: readonly number[];
  /** Series until further label values count as `__other__`; 2,000 unless told. */
  seriesMax?: number;
  /** Labels under which samples are kept for queries and alerts; none are kept without it. */
  kept?: readonly string[];
}

const requestBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const transactionBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];
const sizeBuckets = [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];
const callBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const busBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const jobBuckets = [0.05, 0.25, 1, 5, 15, 60, 300, 900, 3_600];

type Shape = Omit<MetricDefinition, 'name'>;

const installation = (
  group: Shape['group'],
  help: string,
  more: Partial<Pick<Shape, 'type' | 'unit' | 'labels'>> = {},
) => {
  const labels = more.labels ?? [];
  return {
    type: 'gauge',
    unit: 'count',
    ...more,
    labels,
    help,
    group,
    of: 'installation',
    kept: labels,
  } as const satisfies Shape;
};

const ofProcess = (group: Shape['group'], help: string, more: Partial<Omit<Shape, 'help' | 'group'>> = {}) =>
  ({
    type: 'gauge',
    unit: 'count',
    labels: [],
    ...more,
    help,
    group,
    of: 'process',
  }) as const satisfies Shape;

const definitions = {
  dartwing_http_requests_total: ofProcess('http', 'Requests that were answered', {
    type: 'counter',
    labels: ['method', 'route', 'status'],
    kept: ['status'],
  }),
  dartwing_http_request_duration_seconds: ofProcess('http', 'Time until a request was answered', {
    type: 'histogram',
    unit: 'seconds',
    labels: ['method', 'route'],
    buckets: requestBuckets,
    kept: [],
  }),
  dartwing_http_request_size_bytes: ofProcess('http', 'Size of requests, where they say it', {
    type: 'histogram',
    unit: 'bytes',
    labels: ['route'],
    buckets: sizeBuckets,
  }),
  dartwing_http_response_size_bytes: ofProcess('http', 'Size of answers that are not streamed', {
    type: 'histogram',
    unit: 'bytes',
    labels: ['route'],
    buckets: sizeBuckets,
  }),
  dartwing_http_active_requests: ofProcess('http', 'Requests that are being answered', {
    labels: ['method'],
    kept: [],
  }),
  dartwing_sign_ins_total: ofProcess('security', 'Attempts to sign in over HTTP, by how they ended', {
    type: 'counter',
    labels: ['outcome'],
    kept: ['outcome'],
  }),

  dartwing_jobs_submitted_total: installation(
    'jobs',
    'Jobs that were ever submitted, those of undone transactions too',
    {
      type: 'counter',
    },
  ),
  dartwing_jobs_enqueued_total: ofProcess('jobs', 'Jobs that this process submitted', {
    type: 'counter',
    labels: ['queue', 'type'],
    kept: ['queue'],
  }),
  dartwing_jobs_finished_total: ofProcess('jobs', 'Runs of jobs in this process, by how they ended', {
    type: 'counter',
    labels: ['queue', 'type', 'outcome'],
    kept: ['outcome'],
  }),
  dartwing_jobs_retried_total: ofProcess('jobs', 'Runs of jobs that were not their first', {
    type: 'counter',
    labels: ['queue', 'type'],
    kept: [],
  }),
  dartwing_job_duration_seconds: ofProcess('jobs', 'Time that a run of a job took', {
    type: 'histogram',
    unit: 'seconds',
    labels: ['queue', 'type'],
    buckets: jobBuckets,
    kept: [],
  }),
  dartwing_job_queue_depth: installation('jobs', 'Jobs that wait or run', { labels: ['queue', 'state'] }),
  dartwing_job_oldest_seconds: installation('jobs', 'Age of the oldest job in line', {
    unit: 'seconds',
    labels: ['queue'],
  }),
  dartwing_job_dead_letters: installation('jobs', 'Dead letters that wait for a decision', {
    labels: ['queue'],
  }),
  dartwing_job_completed_per_minute: installation('jobs', 'Jobs completed within the last minute', {
    labels: ['queue'],
  }),
  dartwing_job_queue_paused: installation('jobs', '1 while nobody takes jobs of a queue', {
    unit: 'state',
    labels: ['queue'],
  }),
  dartwing_job_organizations_at_limit: installation('jobs', 'Organizations whose line in a queue is full', {
    labels: ['queue'],
  }),
  dartwing_job_stuck: installation('jobs', 'Running jobs that took twice their time'),
  dartwing_job_workers: installation('jobs', 'Workers, by whether they told of themselves lately', {
    labels: ['state'],
  }),
  dartwing_job_lost_runs: installation('jobs', 'Runs that cost open jobs and dead letters their worker'),
  dartwing_job_schedules_late: installation('jobs', 'Schedules whose latest run failed'),

  dartwing_database_up: installation('database', '1 while the database answers', { unit: 'state' }),
  dartwing_database_read_seconds: installation('database', 'Time that reading these values took', {
    unit: 'seconds',
  }),
  dartwing_database_clock_skew_seconds: installation(
    'database',
    'Distance between clocks of database and process',
    {
      unit: 'seconds',
    },
  ),
  dartwing_database_size_bytes: installation('database', 'Size of the database', { unit: 'bytes' }),
  dartwing_database_connections: installation('database', 'Connections that the server has, of all programs'),
  dartwing_database_connections_max: installation('database', 'Connections that the server takes'),
  dartwing_database_isolation_sound: installation(
    'database',
    '1 while tenants are kept apart as they have to be',
    {
      unit: 'state',
    },
  ),
  dartwing_database_pool_connections: ofProcess('database', 'Connections of a pool, by what they do', {
    labels: ['pool', 'state'],
    kept: ['pool', 'state'],
  }),
  dartwing_database_pool_size: ofProcess('database', 'Connections that a pool may have', {
    labels: ['pool'],
    kept: ['pool'],
  }),
  dartwing_database_pool_waiting: ofProcess('database', 'Calls that wait for a connection', {
    labels: ['pool'],
    kept: ['pool'],
  }),
  dartwing_database_transactions_total: ofProcess('database', 'Transactions, by how they ended', {
    type: 'counter',
    labels: ['outcome'],
    kept: ['outcome'],
  }),
  dartwing_database_transaction_duration_seconds: ofProcess('database', 'Time that transactions took', {
    type: 'histogram',
    unit: 'seconds',
    buckets: transactionBuckets,
    kept: [],
  }),
  dartwing_database_statements_total: ofProcess('database', 'Statements that transactions sent', {
    type: 'counter',
    kept: [],
  }),
  dartwing_document_duration_seconds: ofProcess('database', 'Time that calls about documents took', {
    type: 'histogram',
    unit: 'seconds',
    labels: ['doctype', 'operation'],
    buckets: transactionBuckets,
  }),
  dartwing_database_slow_transactions_total: ofProcess(
    'database',
    'Transactions that took longer than a second',
    {
      type: 'counter',
      kept: [],
    },
  ),

  dartwing_integrations: installation('integrations', 'Connections to other services', {
    labels: ['provider', 'status'],
  }),
  dartwing_integrations_expiring: installation('integrations', 'Authorizations that end within an hour', {
    labels: ['provider'],
  }),
  dartwing_integration_expiry_seconds: installation(
    'integrations',
    'Time until the next authorization ends',
    {
      unit: 'seconds',
      labels: ['provider'],
    },
  ),
  dartwing_integration_refreshes: installation('integrations', 'Renewals of tokens within the last hour', {
    labels: ['provider', 'result'],
  }),
  dartwing_integration_requests_total: ofProcess('integrations', 'Calls to other services, by answer', {
    type: 'counter',
    labels: ['provider', 'endpoint', 'status'],
    kept: ['provider', 'status'],
  }),
  dartwing_integration_request_duration_seconds: ofProcess(
    'integrations',
    'Time until another service answered',
    { type: 'histogram', unit: 'seconds', labels: ['provider', 'endpoint'], buckets: callBuckets },
  ),
  dartwing_integration_acts_total: ofProcess(
    'integrations',
    'Integrations connected, renewed, looked at and revoked by this process',
    { type: 'counter', labels: ['operation', 'provider', 'result'], kept: ['operation', 'result'] },
  ),
  dartwing_integration_refresh_duration_seconds: ofProcess(
    'integrations',
    'Time that renewals of tokens took',
    { type: 'histogram', unit: 'seconds', labels: ['provider'], buckets: callBuckets },
  ),
  dartwing_integration_breaker_state: ofProcess(
    'integrations',
    'Whether this process calls a service: 0 it does, 1 it tries, 2 it waits',
    { unit: 'state', labels: ['provider'] },
  ),
  dartwing_integration_organizations_lost: installation(
    'integrations',
    'Organizations all of whose authorizations have ended',
  ),

  dartwing_sync_lag_seconds: installation('sync', 'How far the devices that are online are behind', {
    unit: 'seconds',
    labels: ['at'],
  }),
  dartwing_sync_queue_depth: installation('sync', 'Operations that wait on devices'),
  dartwing_sync_devices: installation('sync', 'Devices that ever called', { labels: ['state'] }),
  dartwing_sync_conflicts_open: installation('sync', 'Conflicts that wait for a decision', {
    labels: ['strategy'],
  }),
  dartwing_sync_requests_total: ofProcess('sync', 'Requests of devices, by how they ended', {
    type: 'counter',
    labels: ['outcome'],
    kept: ['outcome'],
  }),
  dartwing_sync_page_duration_seconds: ofProcess('sync', 'Time that pages and batches of devices took', {
    type: 'histogram',
    unit: 'seconds',
    labels: ['operation'],
    buckets: requestBuckets,
    kept: ['operation'],
  }),
  dartwing_sync_page_bytes: ofProcess('sync', 'Size of pages of changes', {
    type: 'histogram',
    unit: 'bytes',
    buckets: sizeBuckets,
    kept: [],
  }),
  dartwing_sync_deltas_total: ofProcess(
    'sync',
    'Changes sent to devices and taken from them, by what became of them',
    {
      type: 'counter',
      labels: ['doctype', 'operation'],
      kept: ['doctype', 'operation'],
    },
  ),
  dartwing_sync_changes_total: installation('sync', 'Changes in the logs of all organizations', {
    type: 'counter',
  }),
  dartwing_sync_acknowledged_total: installation('sync', 'Changes that devices have applied', {
    type: 'counter',
  }),
  dartwing_sync_pushed_total: installation('sync', 'Operations that devices sent', { type: 'counter' }),
  dartwing_sync_conflicts_total: installation('sync', 'Operations that met another edit', {
    type: 'counter',
  }),

  dartwing_realtime_outbox_depth: installation('realtime', 'Events that wait for their relay'),
  dartwing_realtime_nodes: installation('realtime', 'Processes that serve sockets'),
  dartwing_realtime_connections: ofProcess('realtime', 'Sockets that are connected', { kept: [] }),
  dartwing_realtime_connects_total: ofProcess('realtime', 'Sockets that were ever connected', {
    type: 'counter',
    kept: [],
  }),
  dartwing_realtime_rooms: ofProcess('realtime', 'Rooms with a socket in them', { kept: [] }),
  dartwing_realtime_slow_connections: ofProcess('realtime', 'Sockets that do not keep up', { kept: [] }),
  dartwing_realtime_bus_degraded: ofProcess('realtime', '1 while events take a detour', {
    unit: 'state',
    kept: [],
  }),
  dartwing_realtime_events_total: ofProcess('realtime', 'Events that this process heard', {
    type: 'counter',
    kept: [],
  }),
  dartwing_realtime_published_total: ofProcess('realtime', 'Events handed to the bus, by event', {
    type: 'counter',
    labels: ['event'],
    kept: [],
  }),
  dartwing_realtime_bus_duration_seconds: ofProcess('realtime', 'Time until the bus had a batch of events', {
    type: 'histogram',
    unit: 'seconds',
    labels: ['bus'],
    buckets: busBuckets,
    kept: ['bus'],
  }),
  dartwing_realtime_delivered_total: ofProcess('realtime', 'Events given to sockets, by event', {
    type: 'counter',
    labels: ['event'],
    kept: [],
  }),
  dartwing_realtime_skipped_total: ofProcess('realtime', 'Deliveries that slow sockets did not get', {
    type: 'counter',
    kept: [],
  }),
  dartwing_realtime_denied_total: ofProcess('realtime', 'Sockets and channels that were refused', {
    type: 'counter',
    kept: [],
  }),
  dartwing_realtime_rejected_total: ofProcess('realtime', 'Messages of other publishers that were refused', {
    type: 'counter',
    kept: [],
  }),

  dartwing_audit_staged: installation('security', 'Audit entries that are not yet in their chain'),
  dartwing_audit_staged_age_seconds: installation('security', 'Age of the oldest of them', {
    unit: 'seconds',
  }),
  dartwing_audit_trails_broken: installation(
    'security',
    'Trails in which the latest scheduled verification found a fault',
  ),
  dartwing_audit_head_age_seconds: installation('security', 'Time since the latest entry of any trail', {
    unit: 'seconds',
  }),
  dartwing_accounts_waiting: installation(
    'security',
    'Accounts, keys and addresses that wait after failures',
  ),
  dartwing_data_keys_unusable: installation(
    'security',
    'Data keys in use that were wrapped with another master key than ours',
  ),
  dartwing_compliance_controls_failed: installation(
    'security',
    'Organizations in which a control of their framework failed when it was tried last',
    { labels: ['control'] },
  ),
  dartwing_data_keys_overdue: installation('security', 'Data keys that are older than they should get'),
  dartwing_mail_queued: installation('security', 'Mails that wait to be sent'),
  dartwing_mail_oldest_seconds: installation('security', 'Age of the oldest of them', { unit: 'seconds' }),

  dartwing_process_resident_memory_bytes: ofProcess('process', 'Memory of the process', {
    unit: 'bytes',
    kept: [],
  }),
  dartwing_process_cpu_seconds_total: ofProcess('process', 'Time of processors that the process used', {
    type: 'counter',
    unit: 'seconds',
    kept: [],
  }),
  dartwing_process_uptime_seconds: ofProcess('process', 'Age of the process', { unit: 'seconds', kept: [] }),
  dartwing_process_event_loop_delay_seconds: ofProcess(
    'process',
    'Delay of the event loop, 99th percentile since the last reading',
    { unit: 'seconds', kept: [] },
  ),
  dartwing_process_disk_free_bytes: ofProcess('process', 'Free space where the process works', {
    unit: 'bytes',
    kept: [],
  }),
  dartwing_process_disk_size_bytes: ofProcess('process', 'Space where the process works', {
    unit: 'bytes',
    kept: [],
  }),
  dartwing_metrics_dropped_series_total: ofProcess(
    'process',
    'Values counted as __other__ to keep series few',
    {
      type: 'counter',
      labels: ['metric'],
      kept: [],
    },
  ),
} satisfies Record<string, Shape>;

export type MetricName = keyof typeof definitions;

/** The catalogue, in the order in which it is shown. */
export const metricCatalogue: readonly (MetricDefinition & { name: MetricName })[] = Object.freeze(
  Object.entries(definitions).map(([name, shape]) =>
    Object.freeze({ name: name as MetricName, ...(shape as Shape) }),
  ),
);

const parts = ['', '_bucket', '_sum', '_count'];
const byName: ReadonlyMap<string, MetricDefinition> = new Map(
  metricCatalogue.flatMap((definition) =>
    (definition.type === 'histogram' ? parts : ['']).map((part): [string, MetricDefinition] => [
      definition.name + part,
      definition,
    ]),
  ),
);

/** The definition of a name, also of the `_bucket`, `_sum` and `_count` of a histogram. */
export function definitionOf(name: string): MetricDefinition | undefined {
  return byName.get(name);
}
