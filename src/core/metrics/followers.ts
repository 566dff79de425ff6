/** Counts what rooms tell of their work in this process. */
import type { TransactionCourse } from '../db/index.js';
import type { DocumentCourse } from '../documents/index.js';
import type { JobEvent, SubmittedBatch } from '../jobs/index.js';
import type { Published } from '../realtime/index.js';
import type { SyncCourse } from '../sync/index.js';
import type { ProviderCall, TokenCourse } from '../tokens/index.js';
import type { Meter } from './meter.js';

/** What rooms tell; each is told of when it is over. */
export interface Ears {
  transaction(course: TransactionCourse): void;
  document(course: DocumentCourse): void;
  submitted(batch: SubmittedBatch): void;
  job(event: JobEvent): void;
  sync(course: SyncCourse): void;
  token(course: TokenCourse): void;
  providerCall(call: ProviderCall): void;
  published(batch: Published): void;
}

const slowMs = 1_000;
const ends = new Set(['completed', 'failed', 'timed_out', 'canceled', 'dead_letter', 'released']);

export function followRooms(meter: Pick<Meter, 'count' | 'observe'>): Ears {
  return {
    transaction: ({ outcome, ms, statements }) => {
      meter.count('dartwing_database_transactions_total', { outcome: outcome.replaceAll(' ', '_') });
      if (statements > 0) meter.count('dartwing_database_statements_total', {}, statements);
      meter.observe('dartwing_database_transaction_duration_seconds', {}, ms / 1_000);
      if (ms > slowMs) meter.count('dartwing_database_slow_transactions_total');
    },
    document: ({ doctype, operation, ms }) =>
      meter.observe('dartwing_document_duration_seconds', { doctype, operation }, ms / 1_000),
    submitted: ({ queue, type, count }) =>
      meter.count('dartwing_jobs_enqueued_total', { queue, type }, count),
    job: ({ event, queue, type, attempt, ms }) => {
      if (event === 'running' && attempt > 1) meter.count('dartwing_jobs_retried_total', { queue, type });
      if (!ends.has(event)) return;
      meter.count('dartwing_jobs_finished_total', { queue, type, outcome: event });
      meter.observe('dartwing_job_duration_seconds', { queue, type }, ms / 1_000);
    },
    sync: ({ operation, ms, bytes, rows }) => {
      meter.observe('dartwing_sync_page_duration_seconds', { operation }, ms / 1_000);
      if (bytes !== undefined) meter.observe('dartwing_sync_page_bytes', {}, bytes);
      for (const { doctype, operation: done, count } of rows)
        meter.count('dartwing_sync_deltas_total', { doctype, operation: done }, count);
    },
    token: ({ operation, provider, outcome, ms }) => {
      const result = outcome === 'ok' ? 'ok' : 'failed';
      meter.count('dartwing_integration_acts_total', { operation, provider, result });
      if (operation === 'refresh')
        meter.observe('dartwing_integration_refresh_duration_seconds', { provider }, ms / 1_000);
    },
    providerCall: ({ provider, endpoint, status, ms }) => {
      meter.count('dartwing_integration_requests_total', { provider, endpoint, status });
      meter.observe('dartwing_integration_request_duration_seconds', { provider, endpoint }, ms / 1_000);
    },
    published: ({ bus, ms, events }) => {
      meter.observe('dartwing_realtime_bus_duration_seconds', { bus }, ms / 1_000);
      for (const [event, count] of events) meter.count('dartwing_realtime_published_total', { event }, count);
    },
  };
}
