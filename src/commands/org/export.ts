import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { textFlag, textsFlag } from '../flag-values.js';
import { shownPath } from '../open.js';
import { operationDocument } from '../operation.js';
import type { Parsed, VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';
import { openFolder, requireEmpty } from './export-folder.js';
import { namedOrganization } from './named.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const to = textFlag(flags, 'to');
  if (to === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'Where to write', flag: '--to <dir> or --to -' });
  const form = formOf(flags, to);
  const directory = to === '-' ? undefined : resolve(context.cwd, to);
  if (directory !== undefined) requireEmpty(directory, shownPath(context.cwd, directory));
  const folder = directory === undefined ? undefined : await openFolder(directory, context, form);
  const dartwing = await context.open();
  const { id, slug } = await dartwing.tenancy.show(namedOrganization(context, args.org));
  const call = {
    ...(context.global.reason === undefined ? {} : { reason: context.global.reason }),
    entities: textFlag(flags, 'entities')
      ?.split(',')
      .map((name) => name.trim()),
  };
  if (directory === undefined || folder === undefined) {
    await dartwing.export.organization(
      id,
      (row) => {
        context.signal.throwIfAborted();
        return context.io.out.write(`${JSON.stringify(exportRow(row))}\n`);
      },
      call,
    );
    return { nothing: true };
  }

  const progress = startProgress(context.io, { title: `Exporting ${slug}`, op: 'org.export' });
  let done = 0;
  try {
    const counts = await dartwing.export.organization(
      id,
      async ({ table, row }) => {
        context.signal.throwIfAborted();
        await folder.write(table, row);
        progress.update(++done);
      },
      call,
    );
    const manifest = {
      api_version: 'dartwing/v1' as const,
      kind: 'Export',
      org: id,
      slug,
      path: shownPath(context.cwd, directory),
      format: form.format,
      encrypted_to: form.recipients,
      record_count: counts,
      files: await folder.finish(counts),
    };
    const { api_version, kind, ...result } = await folder.manifest(manifest);
    return {
      document: operationDocument({ verb: 'org.export', done, result }),
      table: { columns: [], sentence: `${done} rows of ${slug} in ${manifest.path}` },
    };
  } catch (error) {
    // Half an export must not be taken for a whole one.
    await folder.discard();
    throw error;
  } finally {
    progress.end();
  }
};

function formOf(flags: Parsed['flags'], to: string) {
  const format = textFlag(flags, 'format') === 'csv' ? ('csv' as const) : ('json' as const);
  const recipients = textsFlag(flags, 'encryptTo');
  if (to === '-' && (format === 'csv' || recipients.length > 0))
    throw new DartwingError('VALIDATION_ERROR', {
      message: '--to - writes one stream of JSON; --format csv and --encrypt-to need a folder',
    });
  return { format, recipients };
}

function exportRow({ table, row }: { table: string; row: Record<string, unknown> }) {
  return { api_version: 'dartwing/v1', kind: 'ExportRow', table, row };
}
