import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { textFlag, timeFlag } from '../flag-values.js';
import { operationDocument } from '../operation.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { organizationOf } from './answer.js';

const formats: Readonly<Record<string, 'md' | 'json' | 'html'>> = {
  '.md': 'md',
  '.json': 'json',
  '.html': 'html',
};

export const run: VerbRun = async (context, parsed) => {
  const organization = organizationOf(context, parsed);
  const to = textFlag(parsed.flags, 'to');
  const format = to === undefined ? 'json' : formats[extname(to)];
  if (format === undefined)
    throw new DartwingError('VALIDATION_ERROR', { message: '--to ends in .md, .json or .html' });
  if (to === undefined && parsed.flags.sign === true)
    throw new DartwingError('INPUT_REQUIRED', { what: 'A file to sign', flag: '--to <file>' });
  const since = timeFlag(parsed.flags, 'since', new Date());
  const dartwing = await context.open({ selfTest: 'version' });
  const made = await whileShown(context, 'Reporting', () =>
    dartwing.compliance.report(organization, { since, format }, callOf(context)),
  );
  if (to === undefined) return { document: { ...made.report }, table: { columns: [], sentence: made.text } };
  write(context.cwd, to, made.text);
  if (parsed.flags.sign === true)
    write(context.cwd, `${to}.sig`, `${JSON.stringify(made.signature, null, 2)}\n`);
  const sha256 = createHash('sha256').update(made.text).digest('hex');
  return {
    document: operationDocument({
      id: `report-${sha256.slice(0, 12)}`,
      verb: 'compliance.report',
      done: 1,
      result: { path: to, sha256, signature: parsed.flags.sign === true ? made.signature : null },
    }),
    table: {
      columns: [],
      sentence: `Report of ${made.report.org} in ${to}${parsed.flags.sign === true ? `, signature in ${to}.sig` : ''}`,
    },
  };
};

export const runFor = (): VerbRun => run;

/** @throws BAD_FILE */
function write(cwd: string, file: string, text: string): void {
  try {
    writeFileSync(resolve(cwd, file), text);
  } catch (error) {
    throw new DartwingError('BAD_FILE', { file, message: (error as Error).message }, { cause: error });
  }
}
