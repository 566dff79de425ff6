/** The room as callers see it. */
import type { TransactionCourse } from '../db/index.js';
import type { JobEvent } from '../jobs/index.js';
import { type MetricDefinition, metricCatalogue } from './catalogue.js';
import { followJobs } from './followers.js';
import { type Meter, openMeter, type Reading } from './meter.js';
import { installationReadings, processReadings, type ReadingParts } from './readings.js';

/** Metrics of the installation and of this process. */
export interface Metrics {
  /** Every metric with unit, labels and help. */
  catalogue(): readonly MetricDefinition[];
  /** Counts in this process and tells all that it knows. */
  readonly meter: Meter;
  /** Numbers of the installation as the database has them; `dartwing_database_up` alone where it does not answer. */
  readings(): Promise<Reading[]>;
}

export interface MetricsRoom extends Metrics {
  tellOfTransaction(course: TransactionCourse): void;
  tellOfJob(event: JobEvent): void;
  close(): void;
}

const slowMs = 1_000;

export function openMetrics(parts: ReadingParts): MetricsRoom {
  const meter = openMeter();
  const readings = installationReadings(parts);
  const ofProcess = processReadings(parts);
  meter.source(readings);
  meter.source(ofProcess.read);
  return {
    catalogue: () => metricCatalogue,
    meter,
    readings,
    tellOfTransaction: ({ outcome, ms }) => {
      meter.count('dartwing_database_transactions_total', { outcome: outcome.replaceAll(' ', '_') });
      meter.observe('dartwing_database_transaction_duration_seconds', {}, ms / 1_000);
      if (ms > slowMs) meter.count('dartwing_database_slow_transactions_total');
    },
    tellOfJob: followJobs(meter, parts.clock),
    close: ofProcess.close,
  };
}
