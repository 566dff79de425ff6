import {
  DartwingError,
  type ErrorCode,
  errorCatalogue,
  errorKinds,
  httpStatus,
  nearest,
} from '../../core/errors.js';
import type { Document, VerbResult, VerbRun } from '../spec.js';

export const run: VerbRun = async (_context, { args, flags }) => {
  if (flags.list === true || args.code === undefined) return list();
  const code = String(args.code).toUpperCase().replaceAll('-', '_');
  if (!isCode(code)) {
    const near = nearest(code, Object.keys(errorCatalogue));
    const suggestion = near === undefined ? '' : `Did you mean ${near}?`;
    throw new DartwingError('UNKNOWN_CODE', { code: String(args.code), suggestion });
  }
  const document = explanation(code);
  return { document, table: { columns: [], sentence: sentences(document) } };
};

/** One code of the catalogue as a document. */
function explanation(code: ErrorCode) {
  const { kind, what, why, fix } = errorCatalogue[code];
  const { exit } = errorKinds[kind];
  return {
    api_version: 'dartwing/v1',
    kind: 'ErrorCode',
    code,
    error_kind: kind,
    exit,
    http_status: httpStatus(code),
    what,
    why: why ?? null,
    fix,
  } satisfies Document;
}

function list(): VerbResult {
  const items = Object.keys(errorCatalogue)
    .filter(isCode)
    .sort()
    .map((code) => {
      const { api_version: _, kind: __, ...item } = explanation(code);
      return item;
    });
  return {
    list: { api_version: 'dartwing/v1', kind: 'ErrorCodeList', items, total_count: items.length },
    table: {
      columns: [
        { header: 'code', path: 'code' },
        { header: 'exit', path: 'exit', align: 'right' },
        { header: 'what', path: 'what' },
      ],
    },
    footer: 'dartwing explain <code>',
  };
}

function sentences({ code, what, why, fix, exit, error_kind }: ReturnType<typeof explanation>): string {
  const lines = [code, `  ${what}`];
  if (why !== null && !/^\{\w+\}$/.test(why)) lines.push(`  ${why}`);
  fix.forEach((line, index) => {
    lines.push(`  ${index === 0 ? 'Fix' : '   '}   ${line}`);
  });
  return [...lines, `  Exit  ${exit} (${error_kind})`].join('\n');
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCatalogue, text);
}
