import type { NounSpec } from '../spec.js';

const nameArgument = { name: 'name', summary: 'Name of the profile: prod', required: true } as const;

export const profileSpec: NounSpec = {
  name: 'profile',
  group: 'Meta',
  summary: 'Named connections of the user',
  verbs: [
    {
      name: 'list',
      summary: 'List the profiles; addresses are masked',
      examples: [
        { command: 'dartwing profile list', note: 'All profiles' },
        { command: 'dartwing profile list --field name', note: 'Names only' },
      ],
      output: ['ProfileList'],
      danger: 'none',
      mutates: false,
      withoutConfig: true,
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show one profile',
      arguments: [nameArgument],
      examples: [
        { command: 'dartwing profile show prod', note: 'What it sets' },
        { command: 'dartwing profile show prod --field org', note: 'Its organization' },
      ],
      output: ['Profile'],
      danger: 'none',
      mutates: false,
      withoutConfig: true,
      exits: { 3: 'no such profile' },
      load: () => import('./show.js'),
    },
    {
      name: 'use',
      summary: 'Make a profile the current one',
      arguments: [nameArgument],
      examples: [
        { command: 'dartwing profile use prod', note: 'Commands work on prod from now on' },
        { command: 'dartwing profile use prod --dry-run', note: 'Only say what would change' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      withoutConfig: true,
      exits: { 3: 'no such profile' },
      load: () => import('./use.js'),
    },
    {
      name: 'add',
      summary: 'Add a connection; its address is read from stdin',
      description:
        'The address holds a password, so it is never an argument. On a terminal it is asked for without echo. ' +
        'The user file is written with mode 0600.',
      arguments: [nameArgument],
      flags: [
        { name: 'url-stdin', summary: 'Read the address from stdin' },
        { name: 'use', summary: 'Make it the current profile' },
        { name: 'if-not-exists', summary: 'Accept a profile with the same values' },
      ],
      examples: [
        { command: 'dartwing profile add prod --url-stdin < url.txt', note: 'From a file' },
        {
          command: 'pass show prod/url | dartwing profile add prod --url-stdin --use',
          note: 'From a password store',
        },
        {
          command: 'dartwing profile add clinic --org acme --url-stdin < url.txt',
          note: 'With an organization',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      withoutConfig: true,
      exits: { 5: 'exists with other values' },
      load: () => import('./add.js'),
    },
    {
      name: 'remove',
      summary: 'Remove a profile from the user file',
      arguments: [nameArgument],
      examples: [
        { command: 'dartwing profile remove staging --yes', note: 'Without a question' },
        { command: 'dartwing profile remove staging --dry-run', note: 'Only say what would change' },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      withoutConfig: true,
      exits: { 3: 'no such profile' },
      load: () => import('./remove.js'),
    },
    {
      name: 'login',
      summary: 'Sign in at the identity provider',
      description:
        'Opens a callback on 127.0.0.1 and prints the address to open in a browser; with --device it prints a code to ' +
        'type on another machine. The tokens are kept in $XDG_STATE_HOME/dartwing/tokens with mode 0600.',
      flags: [
        { name: 'device', summary: 'By a code, without a browser on this machine' },
        { name: 'loopback', summary: 'By a browser on this machine; the default' },
        { name: 'issuer', value: 'url', summary: 'Identity provider', env: 'DARTWING_OIDC_ISSUER' },
        {
          name: 'client-id',
          value: 'id',
          summary: 'Client; dartwing-cli unless told',
          env: 'DARTWING_OIDC_CLIENT_ID',
        },
      ],
      examples: [
        {
          command: 'dartwing profile login --issuer https://auth.acme.test/realms/dartwing-prod',
          note: 'In a browser',
        },
        { command: 'dartwing profile login --device --profile prod', note: 'Over ssh' },
      ],
      output: ['Identity'],
      danger: 'mild',
      mutates: false,
      long: true,
      seeAlso: ['profile whoami', 'profile logout'],
      load: () => import('./login.js'),
    },
    {
      name: 'logout',
      summary: 'Sign out, here and at the identity provider',
      examples: [
        { command: 'dartwing profile logout', note: 'The current profile' },
        { command: 'dartwing profile logout --profile prod --dry-run', note: 'Only say what would change' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      load: () => import('./logout.js'),
    },
    {
      name: 'whoami',
      summary: 'Show who is signed in; the tokens are refreshed when needed',
      examples: [
        { command: 'dartwing profile whoami', note: 'On the current profile' },
        { command: 'dartwing profile whoami --field person', note: 'The address only' },
      ],
      output: ['Identity'],
      danger: 'none',
      mutates: false,
      exits: { 4: 'nobody is signed in' },
      load: () => import('./whoami.js'),
    },
  ],
};
