import type { VerbRun } from '../spec.js';
import { listOf } from '../sync/answer.js';

export const run: VerbRun = async (context) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const known = await dartwing.documents.doctypes.list();
  const items = known.map((meta) => ({ ...meta, fields_count: meta.fields.length }));
  return {
    list: listOf('DoctypeList', items),
    table: {
      columns: [
        { header: 'doctype', path: 'doctype' },
        { header: 'version', path: 'version', align: 'right' },
        { header: 'module', path: 'module' },
        { header: 'naming', path: 'naming.rule' },
        { header: 'fields', path: 'fields_count', align: 'right' },
        { header: 'conflicts', path: 'conflicts.strategy' },
      ],
    },
    footer: 'dartwing doctype show <doctype>',
  };
};
