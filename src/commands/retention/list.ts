import { callOf } from '../call.js';
import { requireCurrent } from '../org/named.js';
import type { ListDocument, VerbRun } from '../spec.js';

export const run: VerbRun = async (context) => {
  const organization = requireCurrent(context);
  const dartwing = await context.open({ selfTest: 'version' });
  const list = await dartwing.privacy.retention.list(organization, callOf(context));
  return {
    list: list as unknown as ListDocument,
    table: {
      columns: [
        { header: 'doctype', path: 'doctype' },
        { header: 'days', path: 'keep_days', align: 'right' },
        { header: 'basis', path: 'basis' },
        { header: 'set by', path: 'set_by' },
        { header: 'set at', path: 'set_at' },
      ],
    },
    empty: `${organization} keeps every document until somebody deletes it. dartwing retention set Task --days 365 --basis "…"`,
  };
};
