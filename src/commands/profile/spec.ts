import type { NounSpec } from '../spec.js';

const nameArgument = { name: 'name', summary: 'Name of the profile: prod', required: true } as const;

export const profileSpec: NounSpec = {
  name: 'profile',
  aliases: ['auth'],
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
        { name: 'token-file', value: 'file', summary: 'File with an API key for a server' },
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
        {
          command: 'dartwing profile add ci --token-file key.txt --url-stdin < url.txt',
          note: 'A server, with an API key',
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
        'type on another machine. A server tells which provider it believes. In lite mode, without a provider, it asks for address, password and code. The tokens are kept in $XDG_STATE_HOME/dartwing/tokens with mode 0600.',
      flags: [
        { name: 'email', value: 'email', summary: 'Whose password, where lite mode is on' },
        {
          name: 'password-file',
          value: 'file',
          summary: 'File with the password and, on a second line, a code; - for stdin',
        },
        { name: 'device', summary: 'By a code, without a browser on this machine' },
        { name: 'no-browser', summary: 'The same as --device' },
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
        {
          command: 'dartwing profile login --email ana@acme.test',
          note: 'Lite mode: the password is asked for',
        },
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
      name: 'password',
      summary: 'Change the own password, or set one with a mailed token',
      description:
        'Where lite mode is on. Passwords have at least 12 characters of three kinds. Every session of the former ' +
        'password ends.',
      flags: [
        {
          name: 'password-file',
          value: 'file',
          summary: 'File with the current and the new password, a line each; - for stdin',
        },
        {
          name: 'token-file',
          value: 'file',
          summary: 'File with the mailed token or link and the new password, a line each; - for stdin',
        },
      ],
      examples: [
        { command: 'dartwing profile password', note: 'The passwords are asked for' },
        {
          command: 'dartwing profile password --token-file link.txt',
          note: 'Forgotten: the new password is asked for',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 4: 'nobody is signed in, or the current password is wrong', 5: 'the token has ended' },
      seeAlso: ['person reset'],
      load: () => import('./password.js'),
    },
    {
      name: 'totp',
      summary: 'Make a second factor for the own account, and confirm it',
      description:
        'Where lite mode is on. Prints the address for an app of one-time codes and ten recovery codes, each of which ' +
        'opens once; nothing asks for codes until one was confirmed.',
      flags: [
        { name: 'show-once', summary: 'Show the secrets on the terminal' },
        { name: 'confirmed', summary: 'The app is set up: ask for its code' },
        { name: 'code-file', value: 'file', summary: 'File with the code of the app; - for stdin' },
      ],
      examples: [
        { command: 'dartwing profile totp --show-once', note: 'The address and the recovery codes' },
        { command: 'dartwing profile totp --confirmed', note: 'Then: switch it on with a code' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 4: 'nobody is signed in', 5: 'there is one already' },
      seeAlso: ['person unlock'],
      load: () => import('./totp.js'),
    },
    {
      name: 'realm',
      summary: 'Print a realm for Keycloak, or check one that exists',
      description:
        'export prints the realm of docs/keycloak.md for these addresses, to be imported; verify compares what ' +
        '"kc.sh export" wrote with it: lives of tokens and sessions, waits, passwords, PKCE and what our tokens need.',
      arguments: [{ name: 'act', summary: 'What to do', required: true, choices: ['export', 'verify'] }],
      flags: [
        { name: 'name', value: 'realm', summary: 'Name of the realm; dartwing-dev unless told' },
        { name: 'app', value: 'origin', summary: 'Where the app is: https://app.acme.test' },
        { name: 'api', value: 'origin', summary: 'Where this server is: https://api.acme.test' },
        {
          name: 'file',
          short: 'f',
          value: 'file',
          complete: 'files',
          summary: 'Realm to check; - reads stdin',
        },
      ],
      examples: [
        {
          command:
            'dartwing profile realm export --name dartwing-prod --api https://api.acme.test > realm.json',
          note: 'For kc.sh import',
        },
        { command: 'dartwing profile realm verify -f realm.json', note: 'Exit 6 when something is looser' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      withoutConfig: true,
      exits: { 6: 'a setting is looser than it has to be' },
      load: () => import('./realm.js'),
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
