import { pageFlags } from '../flags.js';
import type { FlagSpec, NounSpec } from '../spec.js';

const key = { name: 'key', summary: 'Id of the key: dw_production_…', required: true } as const;
const showOnce: FlagSpec = { name: 'show-once', summary: 'Print the secret also on a terminal' };

export const apikeySpec: NounSpec = {
  name: 'apikey',
  aliases: ['apikeys'],
  group: 'Trust',
  summary: 'Keys with which programs call for one organization',
  verbs: [
    {
      name: 'create',
      summary: 'Make a key; its secret is printed once and kept nowhere',
      description:
        'The key goes to stdout as <id>.<secret> when stdout is a file or a pipe; on a terminal only with ' +
        '--show-once. Programs send it as "Authorization: Bearer <id>.<secret>" or "token <id>:<secret>". A ' +
        'permission is <doctype>:<action>; the actions are read, write, create, delete, share and export.',
      flags: [
        { name: 'name', value: 'text', summary: 'What it is for: Till in the north shop' },
        { name: 'env', value: 'env', choices: ['production', 'sandbox'], summary: 'What it is used with' },
        {
          name: 'permission',
          value: 'perm',
          repeat: true,
          summary: 'Equipment:read, *:read; may be repeated',
        },
        { name: 'expires', value: 'dur', summary: 'End of its life from now: 90d; without end unless told' },
        showOnce,
      ],
      examples: [
        {
          command:
            'dartwing apikey create --org acme --name Till --env production --permission Equipment:read > till.key',
          note: 'Into a file',
        },
        {
          command:
            'dartwing apikey create --org acme --name Test --env sandbox --permission "*:read" --expires 7d --show-once',
          note: 'On the terminal',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no such organization' },
      seeAlso: ['apikey rotate', 'apikey revoke'],
      load: () => import('./create.js'),
    },
    {
      name: 'list',
      summary: 'List the keys of an organization, newest first',
      flags: [{ name: 'revoked', summary: 'Revoked ones too' }, ...pageFlags(500)],
      examples: [
        { command: 'dartwing apikey list --org acme', note: 'Keys that open' },
        { command: 'dartwing apikey list --org acme --revoked --json', note: 'All of them, for a program' },
      ],
      output: ['ApiKeyList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization' },
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show one key, without its secret',
      arguments: [key],
      examples: [
        { command: 'dartwing apikey show dw_production_4nq7hbd2mzx5tkwy --org acme', note: 'What it may do' },
        {
          command: 'dartwing apikey show dw_production_4nq7hbd2mzx5tkwy --org acme --field status.state',
          note: 'Whether it opens',
        },
      ],
      output: ['ApiKey'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization or key' },
      load: () => import('./show.js'),
    },
    {
      name: 'rotate',
      summary: 'Give a key another secret; the former one opens for a while',
      arguments: [key],
      flags: [
        {
          name: 'grace',
          value: 'dur',
          summary: 'How long the former secret opens: 24h unless told, 0s to end it',
        },
        showOnce,
      ],
      examples: [
        {
          command: 'dartwing apikey rotate dw_production_4nq7hbd2mzx5tkwy --org acme --yes > till.key',
          note: 'Programs change over within a day',
        },
        {
          command:
            'dartwing apikey rotate dw_production_4nq7hbd2mzx5tkwy --org acme --grace 0s --yes > till.key',
          note: 'The former secret is closed at once',
        },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      exits: { 3: 'no such organization or key' },
      load: () => import('./rotate.js'),
    },
    {
      name: 'revoke',
      summary: 'Close a key at once, for good',
      arguments: [key],
      examples: [
        {
          command:
            'dartwing apikey revoke dw_production_4nq7hbd2mzx5tkwy --org acme --reason "Laptop lost" --yes',
          note: 'From the next call on',
        },
        {
          command: 'dartwing apikey revoke dw_production_4nq7hbd2mzx5tkwy --org acme --reason test --dry-run',
          note: 'Only say what would change',
        },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      exits: { 3: 'no such organization or key' },
      load: () => import('./revoke.js'),
    },
    {
      name: 'usage',
      summary: 'Show when and how often a key was used',
      arguments: [key],
      flags: [{ name: 'days', value: 'n', summary: 'Newest days with a use, 30 unless told, at most 366' }],
      examples: [
        { command: 'dartwing apikey usage dw_production_4nq7hbd2mzx5tkwy --org acme', note: 'By day' },
        {
          command: 'dartwing apikey usage dw_production_4nq7hbd2mzx5tkwy --org acme --field last_used_at',
          note: 'The last use only',
        },
      ],
      output: ['ApiKeyUsage'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization or key' },
      load: () => import('./usage.js'),
    },
  ],
};
