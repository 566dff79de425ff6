/** What a server counts, and how its sockets stand when somebody reads. */
import type { Meter, Reading } from '../core/metrics/index.js';
import type { SocketFacts } from './realtime/index.js';

interface RequestFacts {
  route: string;
  status: number;
  seconds: number;
  /** As the caller says. */
  requestBytes: number;
  /** Unknown for what is streamed. */
  answerBytes?: number | undefined;
}

export interface RequestCount {
  /** A request has come. Call the answer when it was answered; `route` is a template, never a path with ids. */
  begin(method: string): (answer: RequestFacts) => void;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Where somebody shows who they are for the first time. */
const signIns = new Set(['/v1/auth/sign-in', '/v1/auth/callback']);

/** What devices ask for. */
const syncRoute = /\.sync\.|\/changes$/;

export function requestCount(meter: Pick<Meter, 'count' | 'add' | 'observe'>): RequestCount {
  return {
    begin: (given) => {
      const method = methods.has(given) ? given : 'other';
      meter.add('dartwing_http_active_requests', { method }, 1);
      return ({ route, status, seconds, requestBytes, answerBytes }) => {
        meter.add('dartwing_http_active_requests', { method }, -1);
        meter.count('dartwing_http_requests_total', { method, route, status });
        meter.observe('dartwing_http_request_duration_seconds', { method, route }, seconds);
        if (requestBytes > 0) meter.observe('dartwing_http_request_size_bytes', { route }, requestBytes);
        if (answerBytes !== undefined)
          meter.observe('dartwing_http_response_size_bytes', { route }, answerBytes);
        if (syncRoute.test(route))
          meter.count('dartwing_sync_requests_total', { outcome: status < 500 ? 'ok' : 'failed' });
        if (signIns.has(route))
          meter.count('dartwing_sign_ins_total', { outcome: status < 400 ? 'ok' : 'failed' });
      };
    },
  };
}

/** What the sockets of a server tell. */
export function socketReadings(nodes: readonly SocketFacts[]): Reading[] {
  return nodes.flatMap((facts): Reading[] => [
    { name: 'dartwing_realtime_connections', value: facts.connections },
    { name: 'dartwing_realtime_connects_total', value: facts.connects },
    { name: 'dartwing_realtime_rooms', value: facts.rooms },
    { name: 'dartwing_realtime_slow_connections', value: facts.slow },
    { name: 'dartwing_realtime_bus_degraded', value: facts.bus.state === 'ok' ? 0 : 1 },
    { name: 'dartwing_realtime_events_total', value: facts.events },
    { name: 'dartwing_realtime_skipped_total', value: facts.skipped },
    { name: 'dartwing_realtime_denied_total', value: facts.denied },
    { name: 'dartwing_realtime_rejected_total', value: facts.refused },
    ...[...facts.byEvent].map(
      ([event, value]): Reading => ({ name: 'dartwing_realtime_delivered_total', labels: { event }, value }),
    ),
  ]);
}
