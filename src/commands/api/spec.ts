import type { NounSpec } from '../spec.js';

export const apiSpec: NounSpec = {
  name: 'api',
  group: 'Server',
  summary: 'Call the HTTP interface of a server as the profile',
  verbs: [
    {
      name: '',
      summary: 'Call the HTTP interface of a server as the profile',
      description:
        'The server is that of --url or the profile, else the one that dartwing up runs in this folder. The body of the ' +
        'answer goes to stdout as it is; a refusal ends with the exit code of its kind.',
      arguments: [
        {
          name: 'method',
          summary: 'How to ask',
          required: true,
          choices: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        },
        { name: 'path', summary: 'What to ask for: /v1/organizations', required: true },
      ],
      flags: [
        { name: 'file', short: 'f', value: 'file', summary: 'JSON body; - reads stdin' },
        { name: 'header', value: 'name: value', repeat: true, summary: 'Header to send along' },
        { name: 'paginate', summary: 'Ask for every page and print the rows as NDJSON' },
      ],
      examples: [
        { command: 'dartwing api GET /v1/organizations', note: 'What one may read' },
        {
          command: 'dartwing api POST /v1/organizations/acme/equipment -f crane.json',
          note: 'Create from a file',
        },
        {
          command: 'dartwing api GET /v1/organizations/acme/members --paginate',
          note: 'All of them, line by line',
        },
      ],
      output: [],
      danger: 'none',
      mutates: false,
      exits: { 3: 'it is not there', 5: 'it conflicts with what is there' },
      seeAlso: ['serve', 'profile login'],
      load: () => import('./api.js'),
    },
  ],
};
