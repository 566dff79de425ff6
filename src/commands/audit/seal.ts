import { asDartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { operationDocument } from '../operation.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';
import { trailOf } from './filter.js';

export const run: VerbRun = async (context) => {
  const dartwing = await context.open();
  const organization = await trailOf(context, dartwing);
  const { place, immutable, findings } = await dartwing.audit.checkArchive();
  for (const { what } of findings) context.io.warn('ARCHIVE', what);
  const { dryRun } = context.global;
  const progress = startProgress(context.io, { title: 'Sealing entries', op: 'audit.seal' });
  const options = {
    organization,
    onProgress: (entries: number) => progress.update(entries),
    signal: context.signal,
  };
  try {
    const empty = { segments: 0, entries: 0, bytes: 0, failed: [] };
    const { segments, entries, bytes, failed } = dryRun
      ? empty
      : await dartwing.audit.seal(options, callOf(context));
    const failures = failed.map(({ organization: trail, error }) => {
      const { code, message } = asDartwingError(error);
      return { organization: trail, error: { code, message } };
    });
    const done = `${entries} entries in ${segments} segments are sealed in ${place}${immutable ? '' : ', which is not immutable'}`;
    const lines = [
      dryRun ? `What is signed would be sealed in ${place} (dry run: nothing was written)` : done,
      ...failures.map(({ organization: trail, error }) => `${trail}: ${error.message}`),
    ];
    return {
      document: operationDocument({
        verb: 'audit.seal',
        state: failures.length === 0 ? 'completed' : 'failed',
        done: entries,
        dryRun,
        result: { place, immutable, findings, segments, entries, bytes, failed: failures },
      }),
      partial: failures.length > 0,
      table: { columns: [], sentence: lines.join('\n') },
      next:
        failures.length > 0 ? ['dartwing audit verify --all'] : ['dartwing audit verify --offline archive'],
    };
  } finally {
    progress.end();
  }
};
