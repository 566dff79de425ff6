import type { NounSpec } from '../spec.js';

export const upSpec: NounSpec = {
  name: 'up',
  aliases: ['dev'],
  group: 'Start',
  summary: 'Run everything here: database, schema, first organization, server',
  verbs: [
    {
      name: '',
      summary: 'Run everything here: database, schema, first organization, server',
      description:
        'Uses DATABASE_URL, or starts a PostgreSQL of its own under .dartwing/. Migrates, makes a first organization ' +
        'from a template when there is none, listens on 127.0.0.1, runs jobs and schedules, until Ctrl-C. Other dartwing ' +
        'commands in this folder find its database. On a terminal q quits, r restarts, t shows top and o opens the page of the server.',
      flags: [
        {
          name: 'port',
          value: 'n',
          summary: 'HTTP port; without it 4000, or a free one when 4000 is taken',
          env: 'DARTWING_PORT',
        },
        {
          name: 'template',
          value: 'name',
          complete: 'templates',
          summary: 'Template of the first organization, minimal unless told',
        },
        { name: 'no-worker', summary: 'Run neither jobs nor schedules' },
        {
          name: 'data',
          value: 'dir',
          env: 'DARTWING_DATA',
          complete: 'files',
          summary: 'Folder of the embedded database and of development keys',
        },
        {
          name: 'reset',
          summary: 'Delete the embedded database first; type the folder, or --confirm .dartwing',
        },
        { name: 'open', summary: 'Show the page of the server in the browser' },
        { name: 'seed', value: 'file', summary: 'Apply this file instead of a template; - reads stdin' },
      ],
      examples: [
        { command: 'dartwing up', note: 'Everything, until Ctrl-C' },
        { command: 'dartwing up --template clinic --port 8080', note: 'With a clinic in it' },
        { command: 'dartwing up --reset --confirm .dartwing', note: 'From nothing again' },
        { command: 'dartwing up --json', note: 'The first line of stdout is a DevReady document' },
      ],
      output: ['DevReady'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: {
        5: 'it runs here already, its data are in use, or the port is',
        130: 'ended by Ctrl-C',
        143: 'ended by SIGTERM',
      },
      seeAlso: ['init', 'doctor', 'org list'],
      load: () => import('./up.js'),
    },
  ],
};
