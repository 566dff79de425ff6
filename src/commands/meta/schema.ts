import { DartwingError, nearest } from '../../core/errors.js';
import type { Report } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import { reportAnswer } from '../report.js';
import { jsonSchema, schemas } from '../schemas/index.js';
import type { VerbResult, VerbRun } from '../spec.js';

/** Name of what is no kind: the interface of the server. */
const openapi = 'openapi';

export const run: VerbRun = async (context, { args, flags }) => {
  const kind = args.kind === undefined ? undefined : String(args.kind);
  if (flags.check === true && kind !== openapi)
    throw new DartwingError('USAGE', { message: '--check goes with openapi', command: 'schema' });
  if (kind === undefined) return list();
  if (kind === openapi) return openApi(context, flags.check === true);
  const schema = jsonSchema(kind);
  if (schema === undefined) {
    const near = nearest(kind, [...Object.keys(schemas), openapi]);
    throw new DartwingError('UNKNOWN_KIND', {
      name: kind,
      suggestion: near === undefined ? '' : `Did you mean ${near}?`,
    });
  }
  return written(context, schema);
};

/** The interface of the server, or whether it describes every route. */
async function openApi(context: CommandContext, isCheck: boolean): Promise<VerbResult> {
  const { allRoutes, openApiDocument, openApiGaps } = await import('../../server/index.js');
  const document = openApiDocument(allRoutes);
  if (!isCheck) return written(context, document);
  const gaps = openApiGaps(document, allRoutes);
  const findings = gaps.map((what, index) => ({
    id: `openapi.${index + 1}`,
    severity: 'fail' as const,
    what,
    fix: 'Report it: dartwing doctor --report',
  }));
  const report: Report = {
    api_version: 'dartwing/v1',
    kind: 'Report',
    check: 'schema.openapi',
    ok: gaps.length === 0,
    findings,
    summary: { pass: allRoutes.length, warn: 0, fail: gaps.length },
  };
  return reportAnswer(report, `${allRoutes.length} routes`);
}

async function written({ global }: CommandContext, schema: object): Promise<VerbResult> {
  if (global.output !== 'yaml') return { text: `${JSON.stringify(schema, null, 2)}\n`, raw: true };
  const { stringify } = await import('yaml');
  return { text: stringify(schema, { aliasDuplicateObjects: false }), raw: true };
}

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
