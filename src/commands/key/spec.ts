import { detachFlag } from '../flags.js';
import type { ArgumentSpec, FlagSpec, NounSpec } from '../spec.js';

const key: ArgumentSpec = {
  name: 'key',
  summary: 'Id of the data key, as key list shows it',
  required: true,
};
const all: FlagSpec = { name: 'all', summary: 'Every organization' };

export const keySpec: NounSpec = {
  name: 'key',
  aliases: ['keys'],
  group: 'Trust',
  summary: 'Keys that seal secrets of organizations',
  verbs: [
    {
      name: 'list',
      summary: 'List data keys with the number of values they seal',
      flags: [all],
      examples: [
        { command: 'dartwing key list --org acme', note: 'Of one organization' },
        { command: 'dartwing key list --all --json', note: 'Of all, for a program' },
      ],
      output: ['KeyList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization' },
      seeAlso: ['key status'],
      load: () => import('./list.js'),
    },
    {
      name: 'status',
      summary: 'Say what needs attention: overdue keys, rotations that stand',
      description:
        'Also values whose key is gone, keys that are not wrapped with the master key of today, and a key service that ' +
        'does not answer. Nothing is opened; key verify does that.',
      flags: [all, { name: 'check', summary: 'Exit with 6 when something was found' }],
      examples: [
        { command: 'dartwing key status --all', note: 'For a person' },
        { command: 'dartwing key status --all --check --quiet', note: 'For a monitor' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization', 6: 'with --check: something was found' },
      seeAlso: ['key verify', 'key rotate'],
      load: () => import('./status.js'),
    },
    {
      name: 'verify',
      summary: 'Open samples of every key in every sealed column',
      flags: [all, { name: 'samples', value: 'n', summary: 'Values of each key and column, 20 unless told' }],
      examples: [
        { command: 'dartwing key verify --all', note: 'After a restore, or a change of the key service' },
        { command: 'dartwing key verify --org acme --samples 100000', note: 'Practically everything' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'no such organization', 6: 'a value does not open' },
      load: () => import('./verify.js'),
    },
    {
      name: 'generate',
      summary: 'Make a master key and write it to a new file',
      description: 'The file is readable by its owner only. Keep a copy where the keys of backups are kept.',
      flags: [{ name: 'out-file', value: 'file', summary: 'Where to; it must not exist' }],
      examples: [
        {
          command: 'dartwing key generate --out-file master.key',
          note: 'Then DARTWING_MASTER_KEY_FILE=master.key',
        },
        {
          command: 'dartwing key generate --out-file master.key --dry-run',
          note: 'Whether it could be written',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      load: () => import('./generate.js'),
    },
    {
      name: 'rotate',
      aliases: ['reencrypt'],
      summary: 'Make the next data key; with --reseal use it for everything',
      description:
        'The former key opens what it sealed and seals nothing more. With --reseal its values are sealed again with the ' +
        'new one, page by page, while others read and write; at the end every sealed column is counted and nothing may be ' +
        'left. An interrupted run is continued by the same command. --rewrap leaves the keys as they are and wraps them ' +
        'with the master key of today: after a change of the key service.',
      flags: [
        all,
        { name: 'purpose', value: 'name', summary: 'Only keys of this purpose: mail' },
        { name: 'reseal', summary: 'Seal again what former keys sealed' },
        { name: 'rewrap', summary: 'Wrap data keys with the master key of today instead' },
        { name: 'rate', value: 'n/s', summary: 'Values resealed a second at most: 200/s' },
        detachFlag,
      ],
      examples: [
        {
          command: 'dartwing key rotate --org acme --reseal --reason "Monthly" --yes',
          note: 'A new key for everything of one organization',
        },
        {
          command: 'dartwing key rotate --all --reseal --rate 200/s --reason "Laptop lost" --yes',
          note: 'Everybody, gently',
        },
        {
          command: 'dartwing key rotate --org acme --reseal --detach --reason "Monthly" --yes',
          note: 'By a worker, while nobody waits',
        },
      ],
      output: ['Operation'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      long: true,
      exits: { 3: 'no such organization, or it has no keys', 8: 'some values or organizations failed' },
      seeAlso: ['key retire', 'key verify'],
      load: () => import('./rotate.js'),
    },
    {
      name: 'retire',
      summary: 'Take a former key out of use that seals nothing more',
      arguments: [key],
      examples: [
        {
          command: 'dartwing key retire 019ab0c4-7f00-7000-8000-000000000001 --reason "Resealed" --yes',
          note: 'It stays for backups',
        },
        {
          command: 'dartwing key retire 019ab0c4-7f00-7000-8000-000000000001 --reason test --dry-run',
          note: 'Whether it seals anything',
        },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      exits: { 3: 'no such key', 5: 'it is active, or seals values' },
      seeAlso: ['key rotate'],
      load: () => import('./retire.js'),
    },
    {
      name: 'destroy',
      summary: 'Destroy a key for good; with --erase what it seals goes too',
      description:
        'Without a key it is every key of the organization of --org. With --erase everything that was sealed becomes ' +
        'unreadable (crypto-erasure), in this database; copies in backups live as long as the backups. Other processes ' +
        'may open values for five minutes more.',
      arguments: [{ ...key, required: false }],
      flags: [{ name: 'erase', summary: 'Also when values are still sealed with it' }],
      examples: [
        {
          command:
            'dartwing key destroy 019ab0c4-7f00-7000-8000-000000000001 --reason "Backups are gone" --confirm 019ab0c4-7f00-7000-8000-000000000001',
          note: 'A retired one',
        },
        {
          command: 'dartwing key destroy --org acme --erase --reason "Erasure asked for" --confirm acme',
          note: 'Crypto-erasure of an organization',
        },
      ],
      output: ['Change', 'Bulk'],
      danger: 'severe',
      mutates: true,
      needsReason: true,
      exits: { 3: 'no such key or organization', 5: 'it seals values, or is active; legal hold' },
      seeAlso: ['key retire', 'org purge'],
      load: () => import('./destroy.js'),
    },
  ],
};
