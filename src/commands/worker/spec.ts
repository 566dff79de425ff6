import type { NounSpec } from '../spec.js';

export const workerSpec: NounSpec = {
  name: 'worker',
  aliases: ['workers'],
  group: 'Work',
  summary: 'Run jobs in this process; list processes that do',
  verbs: [
    {
      name: '',
      summary: 'Run jobs until it is told to stop',
      description:
        'Runs what the files of the setting modules define, and the schedules. SIGTERM or Ctrl-C: takes no more, ' +
        'lets running jobs finish, puts back the rest. A second one: puts all back at once. Logs are NDJSON on stderr, ' +
        'readable lines on a terminal.',
      flags: [
        { name: 'queue', value: 'a,b', summary: 'Queues to take from, all unless told' },
        { name: 'concurrency', value: 'n', summary: 'Slots of each queue, what the queue says unless told' },
        { name: 'drain-timeout', value: 'dur', summary: 'How long running jobs may finish, 30s unless told' },
        { name: 'once', summary: 'End when nothing is left to do; 6 if a job died' },
        { name: 'scheduler', summary: 'Run schedules too; so unless --once is given' },
        { name: 'no-scheduler', summary: 'Leave schedules to other workers' },
        {
          name: 'metrics-port',
          value: 'n',
          summary:
            'Serve /metrics on this port of 127.0.0.1, to who shows DARTWING_OPERATOR_TOKEN where it is set',
        },
        { name: 'id', value: 'name', summary: 'Name in worker list, host and process unless told' },
      ],
      examples: [
        { command: 'dartwing worker', note: 'Everything, until Ctrl-C' },
        {
          command: 'dartwing worker --queue critical,default --concurrency 8 --drain-timeout 2m',
          note: 'Some queues',
        },
        { command: 'dartwing worker --once', note: 'What is there now, as in a test' },
      ],
      output: ['WorkerExit'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: {
        3: 'there is no such queue',
        5: 'the port of the metrics is in use',
        6: 'a job died, with --once',
        143: 'ended by SIGTERM',
      },
      seeAlso: ['worker list', 'job types'],
      load: () => import('./worker.js'),
    },
    {
      name: 'list',
      summary: 'List the processes that run jobs',
      examples: [
        { command: 'dartwing worker list', note: 'Who lives, and what they did' },
        { command: 'dartwing worker list --field name', note: 'Names, one per line' },
      ],
      output: ['WorkerList'],
      danger: 'none',
      mutates: false,
      load: () => import('./list.js'),
    },
  ],
};
