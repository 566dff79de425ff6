import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { encryptTo, openFile } from '../export-file.js';
import { textFlag, textsFlag, timeFlag } from '../flag-values.js';
import { operationDocument } from '../operation.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';
import { filterOf, trailOf } from './filter.js';

export const run: VerbRun = async (context, { flags }) => {
  const to = textFlag(flags, 'to');
  if (to === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'A file for the entries', flag: '--to <file>' });
  const recipients = textsFlag(flags, 'encryptTo');
  const encrypt = recipients.length === 0 ? undefined : await encryptTo(recipients);
  const until = timeFlag(flags, 'until', new Date());
  filterOf(flags, undefined);
  const dartwing = await context.open();
  const filter = { ...filterOf(flags, await trailOf(context, dartwing)), until };
  const path = resolve(context.cwd, to);
  const told = (error: Error) => {
    if (error instanceof DartwingError || context.signal.aborted) throw error;
    throw new DartwingError('BAD_FILE', { file: to, message: error.message }, { cause: error });
  };
  // Half an export must not be taken for a whole one, and neither may replace another.
  await writeFile(path, '', { flag: 'wx', mode: 0o600 }).catch(told);
  const draft = `${path}.part`;
  const progress = startProgress(context.io, { title: 'Exporting entries', op: 'audit.export' });
  try {
    const file = await openFile(draft, encrypt).catch(told);
    let done = 0;
    const write = async (entry: object) => {
      await file.write(`${JSON.stringify(entry)}\n`);
      progress.update(++done);
    };
    const { entries } = await dartwing.audit
      .export({ ...filter, signal: context.signal, write }, callOf(context))
      .finally(() => (context.signal.aborted ? file.close() : undefined));
    const { size_bytes: bytes, sha256 } = await file.finish();
    const hash = Buffer.from(sha256, 'hex');
    const signature =
      flags.sign === true
        ? await dartwing.audit.signExport({ entries, sha256: hash }, callOf(context))
        : null;
    const result = { path: to, entries, size_bytes: bytes, sha256, encrypted_to: recipients, signature };
    await writeFile(`${path}.manifest.json`, `${JSON.stringify(result, null, 2)}\n`, { mode: 0o600 });
    await rename(draft, path);
    const signed = signature === null ? '' : `, signed by ${signature.verifier}`;
    return {
      document: operationDocument({ verb: 'audit.export', done: entries, result }),
      table: { columns: [], sentence: `${entries} entries are in ${to}${signed}` },
    };
  } catch (error) {
    await Promise.all([rm(draft, { force: true }), rm(path, { force: true })]);
    throw error;
  } finally {
    progress.end();
  }
};
