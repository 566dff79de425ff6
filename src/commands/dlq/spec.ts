import type { ArgumentSpec, FlagSpec, NounSpec } from '../spec.js';

const letter: ArgumentSpec = { name: 'id', summary: 'Id of the job: JOB-2026-00042', required: true };
const letters: ArgumentSpec = {
  name: 'id',
  summary: 'Ids of jobs; - reads them from stdin, one a line',
  required: false,
  variadic: true,
};
const filters: readonly FlagSpec[] = [
  { name: 'type', value: 'type', summary: 'Of this job type' },
  { name: 'error', value: 'code', summary: 'With this error' },
  {
    name: 'queue',
    value: 'queue',
    choices: ['critical', 'default', 'bulk'],
    summary: 'Of this queue',
  },
  { name: 'since', value: 'time', summary: 'Failed from then on: -2h, 2026-11-01' },
  { name: 'until', value: 'time', summary: 'Failed before then' },
];
const all: FlagSpec = { name: 'all', summary: 'Everything that the filters find, instead of ids' };

export const dlqSpec: NounSpec = {
  name: 'dlq',
  aliases: ['dead-letter', 'dead-letters'],
  group: 'Work',
  summary: 'Jobs that failed for good, and what becomes of them',
  verbs: [
    {
      name: 'list',
      summary: 'Count dead letters by error, type and organization, most first',
      description: 'Those of --org, or of all organizations, that wait for a decision.',
      flags: [
        {
          name: 'by',
          value: 'a,b',
          summary: 'Group by some of error, type, org; by all of them unless told',
        },
        ...filters,
        {
          name: 'state',
          value: 'state',
          choices: ['pending', 'resolved', 'ignored'],
          summary: 'Decided how; pending unless told. Discarded ones are ignored',
        },
        { name: 'each', summary: 'A row for each dead letter instead of counts, oldest first' },
        { name: 'check', summary: 'Exit 6 when there are more than --max' },
        { name: 'max', value: 'n', summary: 'How many may wait, 50 unless told' },
      ],
      examples: [
        { command: 'dartwing dlq list', note: 'What is wrong, and how often' },
        { command: 'dartwing dlq list --check --max 50', note: 'For a monitor' },
        {
          command: 'dartwing dlq list --error SMTP_REFUSED --each --field id',
          note: 'Ids of one class',
        },
      ],
      output: ['DeadLetterList', 'Job'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such organization', 6: 'there are too many, with --check' },
      seeAlso: ['dlq show', 'dlq replay'],
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show a dead letter: error, attempts, and what can be done',
      arguments: [letter],
      flags: [{ name: 'payload', summary: 'Its input too, which may hold data of persons' }],
      examples: [
        { command: 'dartwing dlq show JOB-2026-00042', note: 'Why it failed' },
        {
          command: 'dartwing dlq show JOB-2026-00042 --payload --field input > input.json',
          note: 'Its input, to correct it',
        },
      ],
      output: ['Job'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such job', 5: 'it is no dead letter' },
      seeAlso: ['dlq replay', 'dlq resolve', 'dlq discard'],
      load: () => import('./show.js'),
    },
    {
      name: 'replay',
      summary: 'Put dead letters back into their lines',
      description:
        'Each keeps its id and its history and gets a fresh count of attempts. More than 10 at once want a yes. Ctrl-C ' +
        'stops between two jobs and says how to go on; none is replayed twice, also when it fails again meanwhile. An ' +
        'input that is changed stands in the audit trail beside the former one. Jobs that took their workers with them are no ' +
        'part of --all, unless with --error JOB_WORKER_LOST; the answer names them.',
      arguments: [letters],
      flags: [
        all,
        ...filters,
        { name: 'rate', value: 'n/s', summary: 'At most so many: 50/s, 100/m' },
        { name: 'limit', value: 'n', summary: 'With --all, at most so many; a few first, then the rest' },
        { name: 'data-file', value: 'file', summary: 'Another input for one job, as JSON; - reads stdin' },
        {
          name: 'to-queue',
          value: 'queue',
          choices: ['critical', 'default', 'bulk'],
          summary: 'Another queue, out of the way of daily work',
        },
      ],
      examples: [
        { command: 'dartwing dlq replay JOB-2026-00042', note: 'One' },
        {
          command: 'dartwing dlq replay --all --type email.send --rate 50/s',
          note: 'A type, without a flood',
        },
        {
          command: 'dartwing dlq replay --all --type email.send --limit 5',
          note: 'A few as a trial, before the rest',
        },
        {
          command: 'dartwing dlq replay JOB-2026-00042 --data-file input.json --reason "wrong address"',
          note: 'With a corrected input',
        },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 3: 'there is no such job', 5: 'it is no dead letter', 8: 'some failed', 130: 'interrupted' },
      seeAlso: ['dlq list', 'job watch'],
      load: () => import('./replay.js'),
    },
    {
      name: 'resolve',
      summary: 'Say that dead letters have been dealt with',
      arguments: [{ ...letters, required: true }],
      flags: [{ name: 'note', value: 'text', summary: 'What was done; kept with the job and in the trail' }],
      examples: [
        { command: 'dartwing dlq resolve JOB-2026-00042 --note "sent by hand"', note: 'One' },
        {
          command:
            'dartwing dlq list --type fax.send --each --field id | dartwing dlq resolve - --note "faxed"',
          note: 'Those of a list',
        },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 3: 'there is no such job', 5: 'it is no dead letter', 8: 'some failed' },
      load: () => import('./resolve.js'),
    },
    {
      name: 'discard',
      summary: 'Give dead letters up, with a reason',
      description:
        'They can be replayed until they are deleted after 7 days. --all wants the narrowest thing it chose by typed, ' +
        'or given with --confirm: the type, else the error, else the organization, else the word all.',
      arguments: [letters],
      flags: [all, ...filters],
      examples: [
        { command: 'dartwing dlq discard JOB-2026-00042 --reason "test data" --yes', note: 'One' },
        {
          command: 'dartwing dlq discard --all --type sms.send --reason "provider left" --confirm sms.send',
          note: 'All of a type',
        },
      ],
      output: ['Bulk'],
      danger: 'severe',
      mutates: true,
      needsReason: true,
      long: true,
      exits: { 3: 'there is no such job', 5: 'it is no dead letter', 8: 'some failed', 130: 'interrupted' },
      load: () => import('./discard.js'),
    },
  ],
};
