import { DartwingError, nearest } from '../../core/errors.js';
import { jsonSchema, schemas } from '../schemas/index.js';
import type { VerbResult, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  if (args.kind === undefined) return list();
  const kind = String(args.kind);
  const schema = jsonSchema(kind);
  if (schema === undefined) {
    const near = nearest(kind, Object.keys(schemas));
    throw new DartwingError('UNKNOWN_KIND', {
      name: kind,
      suggestion: near === undefined ? '' : `Did you mean ${near}?`,
    });
  }
  if (context.global.output !== 'yaml') return { text: `${JSON.stringify(schema, null, 2)}\n` };
  const { stringify } = await import('yaml');
  return { text: stringify(schema) };
};

function list(): VerbResult {
  const items = Object.keys(schemas)
    .sort()
    .map((name) => ({ name }));
  return {
    list: { api_version: 'dartwing/v1', kind: 'SchemaList', items, total_count: items.length },
    table: { columns: [{ header: 'kind', path: 'name' }] },
    footer: 'dartwing schema <kind>',
  };
}
