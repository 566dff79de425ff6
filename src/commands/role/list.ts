import { textFlag } from '../flag-values.js';
import type { ListDocument, VerbRun } from '../spec.js';
import { roleTable } from './answer.js';

export const run: VerbRun = async (context, { flags }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const list = await dartwing.people.role.list(textFlag(flags, 'type'));
  return {
    list: list as unknown as ListDocument,
    table: roleTable,
    empty: 'No roles yet. Add those of the installation: dartwing role seed',
    footer: 'dartwing role show <role>',
  };
};
