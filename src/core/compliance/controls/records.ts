/** Controls on what is written down. */
import { type Control, fail, pass } from '../control.js';
import { findTrailFaults } from '../queries.js';

export const recordControls: readonly Control[] = [
  {
    id: 'audit.immutable',
    title: 'Nobody can change or delete an entry of the trail',
    enforced: 'the database: no role may, and a guard on every table of the trail refuses it to its owner',
    check: async ({ scope }) => {
      const faults = await findTrailFaults(scope.tx);
      if (faults.length > 0)
        return fail(
          faults.join('; '),
          'dartwing migrate verify, and look at who changed the rights of the database',
        );
      return pass('No role may update, delete or truncate the trail, and every table of it has its guard');
    },
  },
];
