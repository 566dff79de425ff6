import type { Dartwing, JobDocument } from '../../core/index.js';
import type { DeadLetterPlace } from '../../core/jobs/index.js';
import { limits } from '../../core/limits.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { numberFlag, textFlag } from '../flag-values.js';
import { jobTable } from '../job/answer.js';
import type { Document, ListDocument, TableView, VerbRun } from '../spec.js';
import { type Choice, choiceOf } from './choice.js';

const classTable: TableView = {
  columns: [
    { header: 'count', path: 'count', align: 'right' },
    { header: 'error', path: 'error' },
    { header: 'type', path: 'type' },
    { header: 'org', path: 'org' },
    { header: 'oldest', path: 'oldest' },
    { header: 'newest', path: 'newest' },
    { header: 'sample', path: 'sample' },
    { header: 'message', path: 'message' },
  ],
};

export const run: VerbRun = async (context, { flags }) => {
  const choice = { ...choiceOf(context, flags), triage: textFlag(flags, 'state') };
  const by = textFlag(flags, 'by')
    ?.split(',')
    .map((word) => word.trim());
  const max = numberFlag(flags, 'max', 0, 1_000_000) ?? limits.deadLettersMax;
  const dartwing = await context.open({ selfTest: 'version' });
  if (flags.each === true) return { stream: everyOne(context, dartwing, choice), table: jobTable };
  const list = await dartwing.jobs.deadLetters.list({ ...choice, by }, callOf(context));
  const items = list.items as unknown as ListDocument['items'];
  return {
    list: { ...list, items, total_count: items.length },
    findings: flags.check === true && list.total > max,
    table: by === undefined ? classTable : withoutMissing(by),
    empty: 'No dead letters.',
    footer: `${list.total} dead letters; dartwing dlq show <sample>`,
  };
};

/** Columns that a grouping leaves empty are not shown. */
function withoutMissing(by: readonly string[]): TableView {
  const missing = new Set(
    [['error', 'message'], ['type'], ['org']].filter(([name]) => !by.includes(name!)).flat(),
  );
  return { columns: classTable.columns.filter(({ path }) => !missing.has(path)) };
}

async function* everyOne(
  context: CommandContext,
  dartwing: Dartwing,
  choice: Choice & { triage: string | undefined },
): AsyncGenerator<Document> {
  let after: DeadLetterPlace | undefined;
  do {
    const page: { items: JobDocument[]; next: DeadLetterPlace | undefined } =
      await dartwing.jobs.deadLetters.page({ ...choice, after }, callOf(context));
    for (const job of page.items) yield { api_version: 'dartwing/v1', ...job };
    after = page.next;
  } while (after !== undefined);
}
