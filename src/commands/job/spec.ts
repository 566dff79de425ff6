import { pageFlags } from '../flags.js';
import type { ArgumentSpec, NounSpec } from '../spec.js';

const job: ArgumentSpec = { name: 'id', summary: 'Id of the job: JOB-2026-00042', required: true };
const jobs: ArgumentSpec = {
  name: 'id',
  summary: 'Ids of jobs; - reads them from stdin, one a line',
  required: true,
  variadic: true,
};
const type: ArgumentSpec = { name: 'type', summary: 'Job type: email.send', required: true };
const queues = ['critical', 'default', 'bulk'] as const;
const states = [
  'pending',
  'queued',
  'running',
  'completed',
  'failed',
  'timed_out',
  'canceled',
  'dead_letter',
] as const;

export const jobSpec: NounSpec = {
  name: 'job',
  aliases: ['jobs'],
  group: 'Work',
  summary: 'Background jobs: submit, look at, replay, cancel',
  verbs: [
    {
      name: 'list',
      summary: 'List jobs, newest first',
      description: 'Those of --org, or of all organizations.',
      flags: [
        { name: 'queue', value: 'queue', choices: queues, summary: 'Only of this queue' },
        { name: 'state', value: 'state', choices: states, summary: 'Only in this state' },
        { name: 'type', value: 'type', summary: 'Only of this type' },
        { name: 'since', value: 'time', summary: 'Submitted from then on: -2h, 2026-11-01' },
        { name: 'until', value: 'time', summary: 'Submitted before then' },
        ...pageFlags(500),
      ],
      examples: [
        { command: 'dartwing job list --state failed --since -1h', note: 'What failed in the last hour' },
        {
          command: 'dartwing job list --org acme --queue bulk --json',
          note: 'One organization, for a program',
        },
      ],
      output: ['JobList', 'Job'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such organization' },
      seeAlso: ['job show', 'dlq list', 'job stats'],
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show a job: its state, its error, what happened to it',
      arguments: [job],
      flags: [
        { name: 'history', summary: 'Every change of its state, with who and when' },
        { name: 'payload', summary: 'Its input too, which may hold data of persons' },
      ],
      examples: [
        { command: 'dartwing job show JOB-2026-00042 --history', note: 'The whole story' },
        { command: 'dartwing job show JOB-2026-00042 --field error.message', note: 'One value' },
      ],
      output: ['Job'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such job' },
      seeAlso: ['job watch', 'dlq show'],
      load: () => import('./show.js'),
    },
    {
      name: 'watch',
      summary: 'Follow a job until it ends',
      description: 'Ctrl-C stops watching; the job goes on.',
      arguments: [job],
      examples: [
        { command: 'dartwing job watch JOB-2026-00042', note: 'A bar, then how it ended' },
        {
          command: 'dartwing job watch JOB-2026-00042 --json',
          note: 'Progress events on stderr, the job on stdout',
        },
      ],
      output: ['Job'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'there is no such job', 6: 'it ended without success', 130: 'no longer watched' },
      load: () => import('./watch.js'),
    },
    {
      name: 'stats',
      summary: 'Count jobs by state, and tell how long they take and how many fail',
      description: 'Of --org, or of the whole installation. Times and rates are those of the last day.',
      flags: [
        {
          name: 'by',
          value: 'what',
          choices: ['type', 'queue'],
          summary: 'A row for each type, most failures first, or for each queue',
        },
      ],
      examples: [
        { command: 'dartwing job stats --by type', note: 'Which type fails' },
        { command: 'dartwing job stats --org acme --json', note: 'One organization' },
      ],
      output: ['JobMetrics', 'JobTypeRateList', 'QueueList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such organization' },
      seeAlso: ['dlq list', 'queue list'],
      load: () => import('./stats.js'),
    },
    {
      name: 'stuck',
      summary: 'List running jobs that have taken twice their time',
      flags: [{ name: 'check', summary: 'Exit 6 when there are some' }],
      examples: [
        { command: 'dartwing job stuck', note: 'Which, and since when' },
        { command: 'dartwing job stuck --check --quiet', note: 'For a monitor' },
      ],
      output: ['JobList'],
      danger: 'none',
      mutates: false,
      exits: { 6: 'there are some, with --check' },
      load: () => import('./stuck.js'),
    },
    {
      name: 'submit',
      summary: 'Put a job into the line of the organization of --org',
      description:
        'The type is one that a worker registered, or that a file of the setting modules defines; only with such a ' +
        'file is the input checked before it is accepted.',
      arguments: [type],
      flags: [
        { name: 'data-file', value: 'file', summary: 'Its input as JSON; - reads stdin' },
        {
          name: 'priority',
          value: 'word',
          choices: ['low', 'normal', 'high', 'critical'],
          summary: 'Place in the line of its organization',
        },
        { name: 'after', value: 'job', summary: 'Job that has to be completed first' },
        { name: 'run-at', value: 'time', summary: 'Not before: +2h, 2026-12-01T08:00:00Z' },
        { name: 'if-not-exists', summary: 'An equal job that has not ended is the answer' },
      ],
      examples: [
        {
          command: 'dartwing job submit report.monthly --org acme --data-file input.json',
          note: 'With an input',
        },
        {
          command: 'dartwing job submit report.monthly --org acme --run-at +2h --if-not-exists',
          note: 'Later, and only once',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no such organization, type or job', 5: 'the same waits or runs already; disabled' },
      seeAlso: ['job types', 'job watch'],
      load: () => import('./submit.js'),
    },
    {
      name: 'replay',
      summary: 'Let failed jobs and dead letters run again',
      description:
        'A dead letter goes back into its line with a fresh count of attempts and the same id; a job that waits for ' +
        'its next attempt gets it now. More than 10 at once want a yes.',
      arguments: [{ ...jobs, required: false }],
      flags: [
        { name: 'all', summary: 'Everything that the filters find, instead of ids' },
        {
          name: 'state',
          value: 'state',
          choices: ['dead_letter', 'failed', 'timed_out'],
          summary: 'With --all: in this state, dead_letter unless told',
        },
        { name: 'type', value: 'type', summary: 'With --all: of this type' },
        { name: 'rate', value: 'n/s', summary: 'At most so many: 50/s, 100/m' },
      ],
      examples: [
        { command: 'dartwing job replay JOB-2026-00042', note: 'One' },
        {
          command:
            'dartwing job list --state dead_letter --type email.send --field id | dartwing job replay -',
          note: 'Those of a list',
        },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 3: 'there is no such job', 5: 'it runs or has ended', 8: 'some failed' },
      seeAlso: ['dlq replay'],
      load: () => import('./replay.js'),
    },
    {
      name: 'cancel',
      summary: 'Cancel jobs: waiting ones at once, running ones at a checkpoint',
      description: 'Whatever waits for a canceled job is canceled with it.',
      arguments: [jobs],
      examples: [
        { command: 'dartwing job cancel JOB-2026-00042 --yes', note: 'One' },
        {
          command: 'dartwing job list --org acme --state queued --field id | dartwing job cancel - --yes',
          note: 'Those of a list',
        },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 3: 'there is no such job', 5: 'it has ended', 8: 'some failed' },
      load: () => import('./cancel.js'),
    },
    {
      name: 'discard',
      summary: 'Give dead letters up, with a reason',
      description: 'They can be replayed until they are deleted after 7 days.',
      arguments: [jobs],
      examples: [
        {
          command: 'dartwing job discard JOB-2026-00042 --reason "sent by hand" --yes',
          note: 'One',
        },
        {
          command: 'dartwing job discard JOB-2026-00042 --reason "sent by hand" --dry-run',
          note: 'Whether it would be accepted',
        },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      long: true,
      exits: { 3: 'there is no such job', 5: 'it is no dead letter', 8: 'some failed' },
      seeAlso: ['dlq discard'],
      load: () => import('./discard.js'),
    },
    {
      name: 'cleanup',
      summary: 'Delete jobs that ended long ago, now instead of at night',
      description: 'Of every organization. Dead letters that wait for a decision stay.',
      flags: [{ name: 'older-than', value: 'dur', summary: 'Whole days, 30d unless told' }],
      examples: [
        { command: 'dartwing job cleanup --dry-run', note: 'How many it would be' },
        { command: 'dartwing job cleanup --older-than 14d --yes', note: 'Of more than two weeks ago' },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      long: true,
      load: () => import('./cleanup.js'),
    },
    {
      name: 'types',
      summary: 'List job types, and whether they can be submitted',
      description: 'Those that workers registered, and those of the setting modules.',
      examples: [
        { command: 'dartwing job types', note: 'What can be submitted' },
        { command: 'dartwing job types --field name', note: 'Names, one per line' },
      ],
      output: ['JobTypeList'],
      danger: 'none',
      mutates: false,
      load: () => import('./types.js'),
    },
    {
      name: 'enable',
      summary: 'Let jobs of a type be submitted again',
      arguments: [type],
      examples: [
        { command: 'dartwing job enable email.send', note: 'After the repair' },
        { command: 'dartwing job enable email.send --reason "server is back"', note: 'With a reason' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no worker registered the type' },
      load: () => import('./enable.js'),
    },
    {
      name: 'disable',
      summary: 'Refuse new jobs of a type; those in line still run',
      arguments: [type],
      examples: [
        { command: 'dartwing job disable email.send --yes', note: 'While it is repaired' },
        {
          command: 'dartwing job disable email.send --reason "server is down" --yes',
          note: 'With a reason',
        },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      exits: { 3: 'no worker registered the type' },
      load: () => import('./disable.js'),
    },
  ],
};
