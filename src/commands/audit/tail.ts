import { callOf } from '../call.js';
import { numberFlag } from '../flag-values.js';
import type { Document, VerbRun } from '../spec.js';
import { entryTable, filterOf, trailOf } from './filter.js';

export const run: VerbRun = async (context, { flags }) => {
  const sinceSeq = numberFlag(flags, 'sinceSeq', 0, Number.MAX_SAFE_INTEGER);
  filterOf(flags, undefined);
  const follow = flags.follow === true;
  // Whoever follows also sequences: there may be nobody else who does, and then nothing would ever come.
  const dartwing = await context.open({ background: follow });
  const filter = filterOf(flags, await trailOf(context, dartwing));
  const since = filter.since ?? (sinceSeq === undefined && !follow ? new Date(0) : undefined);
  const entries = dartwing.audit.tail(
    { ...filter, since, sinceSeq, follow, signal: context.signal },
    callOf(context),
  );
  return { stream: entries as unknown as AsyncIterable<Document>, table: entryTable };
};
