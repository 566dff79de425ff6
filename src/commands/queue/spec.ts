import type { ArgumentSpec, NounSpec } from '../spec.js';

const queue: ArgumentSpec = {
  name: 'queue',
  summary: 'critical, default or bulk',
  required: true,
};
const queues: ArgumentSpec = { ...queue, variadic: true };

export const queueSpec: NounSpec = {
  name: 'queue',
  aliases: ['queues'],
  group: 'Work',
  summary: 'Queues of jobs and their limits',
  verbs: [
    {
      name: 'list',
      summary: 'List queues with what waits, runs and failed in them',
      flags: [
        { name: 'check', summary: 'Exit 6 when a queue is behind' },
        { name: 'max-depth', value: 'n', summary: 'Behind with more in line, 1000 unless told' },
        { name: 'max-age', value: 'dur', summary: 'Behind with an older one in line, 15m unless told' },
      ],
      examples: [
        { command: 'dartwing queue list', note: 'All' },
        { command: 'dartwing queue list --check --max-depth 1000 --max-age 15m', note: 'For a monitor' },
      ],
      output: ['QueueList'],
      danger: 'none',
      mutates: false,
      exits: { 6: 'one is behind, with --check' },
      seeAlso: ['job stats', 'worker list'],
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show a queue and its limits',
      arguments: [queue],
      examples: [
        { command: 'dartwing queue show default', note: 'Everything' },
        { command: 'dartwing queue show bulk --field queued', note: 'One value' },
      ],
      output: ['Queue'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such queue' },
      load: () => import('./show.js'),
    },
    {
      name: 'pause',
      summary: 'Keep workers from taking jobs of queues; what runs goes on',
      arguments: [queues],
      flags: [{ name: 'for', value: 'dur', summary: 'It goes on by itself after 10m, 2h' }],
      examples: [
        {
          command: 'dartwing queue pause bulk --for 10m --reason "nightly import" --yes',
          note: 'For ten minutes',
        },
        {
          command: 'dartwing queue pause default bulk --reason "maintenance" --yes',
          note: 'Two, until they are resumed',
        },
      ],
      output: ['Change', 'Bulk'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      exits: { 3: 'there is no such queue', 8: 'some failed' },
      seeAlso: ['queue resume', 'queue drain'],
      load: () => import('./pause.js'),
    },
    {
      name: 'resume',
      summary: 'Let workers take jobs of paused queues again',
      arguments: [queues],
      examples: [
        { command: 'dartwing queue resume bulk', note: 'One' },
        { command: 'dartwing queue resume default bulk', note: 'Two' },
      ],
      output: ['Change', 'Bulk'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is no such queue', 8: 'some failed' },
      load: () => import('./resume.js'),
    },
    {
      name: 'drain',
      summary: 'Pause a queue and wait until nothing of it runs',
      description: 'As before a deployment. It stays paused until it is resumed.',
      arguments: [queue],
      examples: [
        { command: 'dartwing queue drain default --yes', note: 'And wait' },
        { command: 'dartwing queue drain bulk --timeout 5m --yes', note: 'For five minutes at most' },
      ],
      output: ['Operation'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 3: 'there is no such queue', 130: 'paused, no longer waited for' },
      seeAlso: ['queue resume'],
      load: () => import('./drain.js'),
    },
    {
      name: 'top',
      summary: 'Watch queues, and act on them: top --panel queues',
      flags: [
        { name: 'interval', value: 'dur', summary: 'How often it looks, 2s unless told' },
        { name: 'once', summary: 'One sample, also on a terminal' },
      ],
      examples: [
        { command: 'dartwing queue top --once -o json', note: 'One sample' },
        { command: 'dartwing queue top', note: 'The screen' },
      ],
      output: ['TopSample'],
      danger: 'none',
      mutates: false,
      long: true,
      seeAlso: ['top'],
      load: () => import('./top.js'),
    },
    {
      name: 'set',
      summary: 'Change the limits of a queue, for every worker at once',
      arguments: [queue],
      flags: [
        { name: 'concurrency', value: 'n', summary: 'Slots of each worker' },
        { name: 'rate', value: 'n/m', summary: 'Starts of one organization: 50/m, 2/s, or none' },
        { name: 'per-org', value: 'n', summary: 'Waiting jobs of one organization, or none' },
      ],
      examples: [
        { command: 'dartwing queue set default --concurrency 16', note: 'More at once' },
        {
          command: 'dartwing queue set bulk --rate 100/m --per-org 200 --reason "year end"',
          note: 'More of each organization',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is no such queue' },
      load: () => import('./set.js'),
    },
  ],
};
