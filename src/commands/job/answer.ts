/** Jobs as tables and texts. */
import type { JobDocument } from '../../core/index.js';
import type { JobHistory } from '../../core/jobs/index.js';
import type { CommandContext } from '../context.js';
import type { Document, ListDocument, TableView } from '../spec.js';
import { showTime } from '../ui/time.js';
import { escapeControls } from '../ui/width.js';

/** Columns of jobs. */
export const jobTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'org', path: 'org' },
    { header: 'type', path: 'type' },
    { header: 'queue', path: 'queue' },
    { header: 'state', path: 'state' },
    { header: '%', path: 'progress', align: 'right' },
    { header: 'attempt', path: 'attempt', align: 'right' },
    { header: 'error', path: 'error.code' },
    { header: 'created', path: 'created_at' },
  ],
};

/** A job as a document of its own. */
export function jobDocument(job: JobDocument, history?: JobHistory): Document {
  return {
    api_version: 'dartwing/v1',
    ...job,
    ...(history === undefined ? {} : { history: history.items }),
  };
}

/** A list of jobs; `total` where the page is not all of them. */
export function jobList(items: readonly JobDocument[], total = items.length): ListDocument {
  return {
    api_version: 'dartwing/v1',
    kind: 'JobList',
    items: items as unknown as ListDocument['items'],
    total_count: total,
  };
}

/** What is known of a job, as lines that can be read aloud: what, why it failed, what happened to it. */
export function jobText(
  { io, global }: Pick<CommandContext, 'io' | 'global'>,
  job: JobDocument,
  history?: JobHistory,
): string {
  const at = (text: string | null) =>
    text === null ? '' : io.out.isTTY ? showTime(text, global.time, new Date()) : text;
  const canceling = job.is_canceling ? ', asked to stop' : '';
  const again = job.next_retry_at === null ? '' : `, next attempt ${at(job.next_retry_at)}`;
  const lines: (readonly [string, string])[] = [
    ['Organization', `${job.org} (${job.organization})`],
    ['State', `${job.state}${canceling}${again}`],
    ['Queue', `${job.queue}, priority ${job.priority}, at most ${job.timeout_seconds} s`],
    ['Attempts', `${job.attempt} of ${job.max_retries + 1}, replayed ${job.replay_count} times`],
    ['Submitted', `${at(job.created_at)} by ${job.owner}`],
  ];
  if (job.run_at !== null) lines.push(['Runs', at(job.run_at)]);
  if (job.depends_on !== null) lines.push(['After', job.depends_on]);
  if (job.state === 'running')
    lines.push(['Progress', [`${job.progress} %`, job.progress_message ?? ''].join(' ').trim()]);
  if (job.error !== null) {
    lines.push(['Error', `${job.error.code} (${job.error.class}): ${job.error.message}`]);
    if (job.error.at !== undefined) lines.push(['', `at ${job.error.at}`]);
  }
  if (job.triage !== null && job.triage.status !== 'pending')
    lines.push([
      'Decision',
      [job.triage.status, `by ${job.triage.by}`, job.triage.note ?? ''].join(' ').trim(),
    ]);
  if (job.output !== null) lines.push(['Output', JSON.stringify(job.output)]);
  if (job.input !== undefined) lines.push(['Input', JSON.stringify(job.input)]);
  for (const [index, step] of (history?.items ?? []).entries()) {
    const move = step.from_state === null ? step.to_state : `${step.from_state} → ${step.to_state}`;
    const attempt = step.attempt === 0 ? '' : `attempt ${step.attempt}`;
    const by = step.actor === null ? '' : `by ${step.actor}`;
    const rest = [at(step.at), move, attempt, by, step.message ?? ''].filter((part) => part !== '');
    lines.push([index === 0 ? 'History' : '', rest.join('  ')]);
  }
  const width = Math.max(...lines.map(([name]) => name.length));
  const body = lines.map(([name, text]) => `  ${name.padEnd(width)}  ${escapeControls(text)}`);
  return [`${job.id}  ${job.type}`, ...body].join('\n');
}
