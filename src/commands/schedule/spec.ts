import type { ArgumentSpec, NounSpec } from '../spec.js';

const schedule: ArgumentSpec = { name: 'name', summary: 'Name of the schedule', required: true };

export const scheduleSpec: NounSpec = {
  name: 'schedule',
  aliases: ['schedules'],
  group: 'Work',
  summary: 'Work that is done again and again',
  verbs: [
    {
      name: 'list',
      summary: 'List schedules, when each runs next and how it went last',
      examples: [
        { command: 'dartwing schedule list', note: 'All' },
        { command: 'dartwing schedule list --columns name,last_error', note: 'What went wrong' },
      ],
      output: ['ScheduleList'],
      danger: 'none',
      mutates: false,
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show a schedule and the outcome of its last run',
      arguments: [schedule],
      examples: [
        { command: 'dartwing schedule show jobs.retention', note: 'Everything' },
        { command: 'dartwing schedule show jobs.retention --field next_at', note: 'One value' },
      ],
      output: ['Schedule'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such schedule' },
      load: () => import('./show.js'),
    },
    {
      name: 'run',
      summary: 'Run a schedule now, in this process, paused or not',
      arguments: [schedule],
      examples: [
        { command: 'dartwing schedule run jobs.retention', note: 'Instead of at night' },
        { command: 'dartwing schedule run jobs.stuck --json', note: 'With its outcome, for a program' },
      ],
      output: ['Schedule'],
      danger: 'mild',
      mutates: true,
      long: true,
      exits: { 3: 'there is no such schedule, or this process has not its code' },
      load: () => import('./run.js'),
    },
    {
      name: 'pause',
      summary: 'Keep a schedule from running',
      arguments: [schedule],
      examples: [
        { command: 'dartwing schedule pause jobs.retention', note: 'Until it is resumed' },
        {
          command: 'dartwing schedule pause jobs.retention --reason "inspection"',
          note: 'With a reason for the trail',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is no such schedule' },
      load: () => import('./pause.js'),
    },
    {
      name: 'resume',
      summary: 'Let a paused schedule run again',
      arguments: [schedule],
      examples: [
        { command: 'dartwing schedule resume jobs.retention', note: 'From its next time on' },
        { command: 'dartwing schedule resume jobs.retention --json', note: 'For a program' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is no such schedule' },
      load: () => import('./resume.js'),
    },
  ],
};
