/** Encodes what a verb returned: one document, a list, a stream or text, in the form that was asked for. */
import { DartwingError, nearest } from '../core/errors.js';
import type { GlobalFlags } from './context.js';
import { pathsOf, scalarText, valueAt } from './document-path.js';
import type { Document, ListDocument, TableView, VerbResult } from './spec.js';
import type { Io } from './ui/io.js';
import { keyValues, terminalTable, tsv } from './ui/table.js';
import { showTime } from './ui/time.js';
import { escapeControls } from './ui/width.js';

type Rows = readonly Readonly<Record<string, unknown>>[];
type Settings = Pick<GlobalFlags, 'output' | 'field' | 'columns' | 'time'>;

/** Writes a result to stdout, and its hints to stderr. */
export async function writeResult(io: Io, settings: Settings, result: VerbResult): Promise<void> {
  if ('text' in result) {
    if (!io.machine || result.raw) return io.out.write(result.text);
    const document = { api_version: 'dartwing/v1', kind: 'Text', text: result.text } as const;
    return io.out.write(await encode(document, settings.output));
  }
  if ('stream' in result) return writeStream(io, settings, result.stream, result.table);
  if ('document' in result) return writeDocument(io, settings, result);
  if ('list' in result) return writeList(io, settings, result);
}

async function writeDocument(
  io: Io,
  settings: Settings,
  { document, table, next }: Extract<VerbResult, { document: Document }>,
): Promise<void> {
  if (settings.field !== undefined) return writeField(io, settings.field, [document]);
  if (io.machine) return io.out.write(await encode(document, settings.output));
  if (table?.sentence !== undefined && settings.columns === undefined)
    await io.out.write(`${table.sentence}\n`);
  else {
    const columns = chooseColumns(table?.columns ?? columnsOf(document), settings.columns, [document]);
    const pairs = columns.map(({ header, path }) => [header, cell(document, path, io, settings)] as const);
    await io.out.write(keyValues(pairs, io.out));
  }
  if (next !== undefined && next.length > 0) io.note(`Next: ${next.join('\n      ')}`);
}

async function writeList(
  io: Io,
  settings: Settings,
  { list, table, empty, footer }: Extract<VerbResult, { list: ListDocument }>,
): Promise<void> {
  if (settings.field !== undefined) return writeField(io, settings.field, list.items);
  if (settings.output === 'ndjson') {
    for (const item of list.items) await io.out.write(line(withKind(item, list.kind)));
    return;
  }
  if (io.machine) return io.out.write(await encode(list, settings.output));
  if (list.items.length > 0) await writeRows(io, settings, table, list.items);
  if (list.items.length === 0 && list.total_count === 0) return io.note(empty ?? 'Nothing found.');
  const count = `${list.items.length} of ${list.total_count}`;
  io.note(
    io.err.palette.dim(footer === undefined ? count : `${count} ${io.err.palette.signs.dot} ${footer}`),
  );
}

async function writeStream(
  io: Io,
  settings: Settings,
  stream: AsyncIterable<Document>,
  table: TableView,
): Promise<void> {
  for await (const document of stream) {
    if (!io.out.isOpen) return;
    if (settings.field !== undefined) await writeField(io, settings.field, [document]);
    else if (settings.output === 'yaml') await io.out.write(`---\n${await encode(document, 'yaml')}`);
    else if (io.machine) await io.out.write(line(document));
    else await writeRows(io, settings, table, [document], false);
  }
}

async function writeRows(
  io: Io,
  settings: Settings,
  table: TableView,
  items: Rows,
  aligned = true,
): Promise<void> {
  const columns = chooseColumns(table.columns, settings.columns, items);
  const rows = items.map((item) => columns.map(({ path }) => cell(item, path, io, settings)));
  await io.out.write(aligned && io.out.isTTY ? await terminalTable(columns, rows, io.out) : tsv(rows));
}

async function writeField(io: Io, path: string, items: Rows): Promise<void> {
  requirePath(path, items, '--field');
  const texts = items.map((item) => scalarText(valueAt(item, path)));
  const shown = io.out.isTTY ? texts.map(escapeControls) : texts;
  await io.out.write(shown.map((text) => `${text}\n`).join(''));
}

function chooseColumns(
  columns: TableView['columns'],
  wanted: readonly string[] | undefined,
  items: Rows,
): TableView['columns'] {
  return wanted === undefined
    ? columns
    : wanted.map((path) => {
        const known = columns.find((column) => column.path === path);
        if (known === undefined) requirePath(path, items, '--columns');
        return known ?? { header: path.replace(/^.*\./, '').replaceAll('_', ' '), path };
      });
}

/** A path that no row has is a mistake; one that some rows have is an empty cell in the others. */
function requirePath(path: string, items: Rows, flag: string): void {
  if (items.length === 0 || items.some((item) => valueAt(item, path) !== undefined)) return;
  const known = pathsOf(items[0]!);
  const suggestion = nearest(path, known);
  const why = suggestion === undefined ? `There are: ${known.join(', ')}` : `Did you mean ${suggestion}?`;
  throw new DartwingError(
    'USAGE',
    { message: `No field "${path}" for ${flag}` },
    { why, fix: ['dartwing help output'] },
  );
}

function cell(item: Readonly<Record<string, unknown>>, path: string, io: Io, settings: Settings): string {
  const text = scalarText(valueAt(item, path));
  return io.out.isTTY ? showTime(text, settings.time, new Date()) : text;
}

function columnsOf(document: Document): TableView['columns'] {
  return pathsOf(document)
    .filter((path) => path !== 'api_version' && path !== 'kind')
    .map((path) => ({ header: path, path }));
}

async function encode(document: Document, output: GlobalFlags['output']): Promise<string> {
  if (output === 'ndjson') return line(document);
  if (output === 'json') return `${JSON.stringify(headFirst(document), null, 2)}\n`;
  const { stringify } = await import('yaml');
  return stringify(headFirst(document), { lineWidth: 0 });
}

function line(document: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(headFirst(document))}\n`;
}

/** Rows of a list leave out what the list says once; as lines they have to say it themselves. */
function withKind(
  item: Readonly<Record<string, unknown>>,
  listKind: string,
): Readonly<Record<string, unknown>> {
  return { kind: listKind.replace(/List$/, ''), ...item };
}

function headFirst(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { api_version = 'dartwing/v1', kind, ...rest } = document;
  return { api_version, kind, ...rest };
}
