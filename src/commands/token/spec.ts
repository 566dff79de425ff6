import { pageFlags } from '../flags.js';
import type { ArgumentSpec, FlagSpec, NounSpec } from '../spec.js';

const token: ArgumentSpec = {
  name: 'token',
  summary: 'Id, provider, or provider/account',
  required: true,
};
const tokens: ArgumentSpec = { ...token, required: false, variadic: true };
const all: FlagSpec = { name: 'all', summary: 'Every integration of the organization' };

export const tokenSpec: NounSpec = {
  name: 'token',
  aliases: ['tokens', 'integration', 'integrations'],
  group: 'Trust',
  summary: 'Integrations with other services, and their tokens',
  verbs: [
    {
      name: 'providers',
      summary: 'List the services that can be connected',
      description:
        'An application has to be registered with a provider before anybody can authorize it; configured says whether ' +
        'the setting token_clients names one. Modules may add providers.',
      examples: [
        { command: 'dartwing token providers', note: 'What there is' },
        { command: 'dartwing token providers --json', note: 'With scopes, for a program' },
      ],
      output: ['ProviderList'],
      danger: 'none',
      mutates: false,
      load: () => import('./providers.js'),
    },
    {
      name: 'connect',
      summary: 'Authorize a service, or give its key; again to renew consent',
      description:
        'Opens an address in a browser on this machine and waits for its return; --device shows a code to be typed on ' +
        'another one. Services without OAuth take a key or a password from stdin, a private file, or a prompt.',
      arguments: [{ name: 'provider', summary: 'Name, as token providers shows it', required: true }],
      flags: [
        { name: 'account', value: 'name', summary: 'How to call it: default unless told' },
        {
          name: 'scopes',
          value: 'scope',
          repeat: true,
          summary: 'Instead of the usual ones',
        },
        {
          name: 'setting',
          value: 'key=value',
          repeat: true,
          summary: 'What the provider has to know: subdomain=acme',
        },
        { name: 'device', summary: 'Show a code for a browser on another machine' },
        { name: 'token-stdin', summary: 'Take a key or password from stdin' },
        {
          name: 'token-file',
          value: 'file',
          summary: 'Take it from a file that only you can read',
          complete: 'files',
        },
        { name: 'username', value: 'name', summary: 'User name of a password' },
        { name: 'replace-account', summary: 'Also when it is another account at the provider' },
      ],
      examples: [
        { command: 'dartwing token connect google --org acme', note: 'In a browser' },
        {
          command: 'dartwing token connect github --org acme --device',
          note: 'On another machine',
        },
        {
          command: 'dartwing token connect telnyx --org acme --token-stdin < telnyx.key',
          note: 'A key',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      long: true,
      exits: {
        3: 'no such organization or provider',
        5: 'declined, another account, or no application is registered',
      },
      seeAlso: ['token providers', 'token health'],
      load: () => import('./connect.js'),
    },
    {
      name: 'list',
      summary: 'List the integrations of an organization',
      flags: [
        { name: 'provider', value: 'name', summary: 'Only of this provider' },
        {
          name: 'state',
          value: 'state',
          choices: ['connected', 'expired', 'error', 'disconnected'],
          summary: 'Only in this state',
        },
        { name: 'expiring', value: 'dur', summary: 'Only those that end within this time: 7d' },
        ...pageFlags(500),
      ],
      examples: [
        { command: 'dartwing token list --org acme', note: 'All of them' },
        {
          command: 'dartwing token list --org acme --state expired --field id',
          note: 'To be authorized again',
        },
      ],
      output: ['TokenList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization' },
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show one integration, without its token',
      arguments: [token],
      examples: [
        { command: 'dartwing token show google --org acme', note: 'The default account' },
        { command: 'dartwing token show slack/support --org acme --field status.state', note: 'Its state' },
      ],
      output: ['Token'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization or integration' },
      load: () => import('./show.js'),
    },
    {
      name: 'health',
      summary: 'Ask providers whether credentials work',
      description: 'One that was asked within the last minute is not asked again.',
      arguments: [tokens],
      flags: [all, { name: 'check', summary: 'Exit with 6 when something was found' }],
      examples: [
        { command: 'dartwing token health --all --org acme', note: 'For a person' },
        { command: 'dartwing token health google --org acme --check --quiet', note: 'For a monitor' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'no such organization or integration', 6: 'with --check: something was found' },
      seeAlso: ['token refresh', 'token connect'],
      load: () => import('./health.js'),
    },
    {
      name: 'refresh',
      summary: 'Renew tokens now, whatever their age',
      description: 'Tokens renew themselves; this is for after a failure of the provider.',
      arguments: [tokens],
      flags: [all, { name: 'expiring', value: 'dur', summary: 'Those that end within this time: 10m' }],
      examples: [
        { command: 'dartwing token refresh google --org acme', note: 'One' },
        { command: 'dartwing token refresh --expiring 10m --org acme', note: 'As the schedule does' },
      ],
      output: ['Bulk'],
      danger: 'mild',
      mutates: true,
      long: true,
      exits: {
        3: 'no such organization or integration',
        5: 'somebody has to authorize it again, or it cannot be renewed',
        8: 'some failed',
      },
      seeAlso: ['token health'],
      load: () => import('./refresh.js'),
    },
    {
      name: 'revoke',
      aliases: ['disconnect'],
      summary: 'Revoke at the provider, then wipe here',
      description: 'Says which half happened: the credential here is gone in any case.',
      arguments: [tokens],
      examples: [
        { command: 'dartwing token revoke google --org acme --reason "No longer used" --yes', note: 'One' },
        {
          command: 'dartwing token revoke slack/support --org acme --reason test --dry-run',
          note: 'Only say so',
        },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      exits: { 3: 'no such organization or integration', 8: 'the provider did not revoke, or some failed' },
      load: () => import('./revoke.js'),
    },
  ],
};
