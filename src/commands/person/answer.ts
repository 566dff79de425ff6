/** Answers of the verbs on persons. */
import type { TableView } from '../spec.js';

/** Columns of lists of persons. */
export const personTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'email', path: 'primary_email' },
    { header: 'name', path: 'full_name' },
    { header: 'phone', path: 'mobile_no' },
    { header: 'source', path: 'source' },
    { header: 'account', path: 'user_sync_status' },
    { header: 'state', path: 'status.state' },
    { header: 'created', path: 'created_at' },
  ],
};
