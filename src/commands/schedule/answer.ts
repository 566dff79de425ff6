/** Schedules as tables. */
import type { ScheduleDocument } from '../../core/jobs/index.js';
import type { TableView } from '../spec.js';

/** Columns of schedules. */
export const scheduleTable: TableView = {
  columns: [
    { header: 'name', path: 'name' },
    { header: 'cron', path: 'cron' },
    { header: 'paused', path: 'paused' },
    { header: 'next', path: 'next_at' },
    { header: 'last', path: 'last_at' },
    { header: 'ok', path: 'last_ok' },
    { header: 'error', path: 'last_error' },
    { header: 'description', path: 'description' },
  ],
};

export function scheduleDocument(schedule: ScheduleDocument) {
  return { api_version: 'dartwing/v1' as const, ...schedule };
}
