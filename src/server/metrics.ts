/** What a process counts of itself, as Prometheus reads it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { SocketFacts } from './realtime/index.js';

export interface Metrics {
  /** A request was answered. `route` is a template, never a path with ids. */
  count(request: { method: string; route: string; status: number; seconds: number }): void;
  /** The text form, version 0.0.4. */
  text(): Promise<string>;
  readonly contentType: string;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Opens the counters of a server. `sockets` gives what its sockets know when somebody reads. */
export function openMetrics(sockets: () => readonly SocketFacts[]): Metrics {
  const register = new Registry();
  const registers = [register];
  const requests = new Counter({
    name: 'dartwing_http_requests_total',
    help: 'Requests that were answered',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'dartwing_http_request_seconds',
    help: 'Time until a request was answered',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('dartwing_process_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());
  gauge('dartwing_process_uptime_seconds', 'Age of the process', () => process.uptime());
  gauge(
    'dartwing_process_event_loop_delay_seconds',
    'Delay of the event loop, 99th percentile since the last reading',
    () => {
      const found = delay.percentile(99) / 1e9;
      delay.reset();
      return Number.isFinite(found) ? found : 0;
    },
  );
  const total = (read: (facts: SocketFacts) => number) => () =>
    sockets().reduce((sum, facts) => sum + read(facts), 0);
  gauge(
    'dartwing_realtime_connections',
    'Sockets that are connected',
    total(({ connections }) => connections),
  );
  gauge(
    'dartwing_realtime_rooms',
    'Rooms with a socket in them',
    total(({ rooms }) => rooms),
  );
  gauge(
    'dartwing_realtime_slow_connections',
    'Sockets that do not keep up',
    total(({ slow }) => slow),
  );
  gauge(
    'dartwing_realtime_bus_degraded',
    '1 while events take a detour',
    total(({ bus }) => (bus.state === 'ok' ? 0 : 1)),
  );
  const counted = (name: string, help: string, read: (facts: SocketFacts) => number) => {
    const counter = new Counter({
      name,
      help,
      registers,
      collect() {
        counter.reset();
        counter.inc(total(read)());
      },
    });
  };
  counted('dartwing_realtime_events_total', 'Events that this process heard', ({ events }) => events);
  counted(
    'dartwing_realtime_skipped_total',
    'Deliveries that slow sockets did not get',
    ({ skipped }) => skipped,
  );
  counted('dartwing_realtime_denied_total', 'Sockets and channels that were refused', ({ denied }) => denied);
  counted(
    'dartwing_realtime_rejected_total',
    'Messages of other publishers that were refused',
    ({ refused }) => refused,
  );
  const delivered = new Counter({
    name: 'dartwing_realtime_delivered_total',
    help: 'Events given to sockets, by event',
    labelNames: ['event'],
    registers,
    collect() {
      delivered.reset();
      for (const { byEvent } of sockets())
        for (const [event, count] of byEvent) delivered.inc({ event }, count);
    },
  });

  return {
    count: ({ method: given, route, status, seconds: took }) => {
      const method = methods.has(given) ? given : 'other';
      requests.inc({ method, route, status });
      seconds.observe({ method, route }, took);
    },
    text: () => register.metrics(),
    contentType: register.contentType,
  };
}
