import type { FlagSpec, NounSpec } from '../spec.js';

const to: FlagSpec = { name: 'to', value: 'id', summary: 'Up to this migration' };

export const migrateSpec: NounSpec = {
  name: 'migrate',
  group: 'Server',
  summary: 'The database schema and its versions',
  verbs: [
    {
      name: 'status',
      summary: 'Show which migrations are applied',
      flags: [{ name: 'check', summary: 'Exit 6 when some are pending' }],
      examples: [
        { command: 'dartwing migrate status', note: 'Version and what is pending' },
        { command: 'dartwing migrate status --check', note: 'As a gate before a deployment' },
      ],
      output: ['MigrationStatus'],
      danger: 'none',
      mutates: false,
      exits: { 6: 'with --check: migrations are pending' },
      load: () => import('./status.js'),
    },
    {
      name: 'up',
      summary: 'Bring the schema up to date',
      description:
        'Takes a lock; a second runner waits and finds nothing to do. There is no way down: a fault is mended by a ' +
        'later migration. The address must belong to a role that may create roles and schemas.',
      flags: [
        to,
        { name: 'lock-timeout', value: 'dur', summary: 'Wait for another runner, 60s unless told' },
        { name: 'allow-breaking', summary: 'Also those that stop processes of the previous version' },
        { name: 'repair-policies', summary: 'Stamp row-level security again' },
      ],
      examples: [
        { command: 'dartwing migrate up --yes', note: 'In a deployment' },
        {
          command: 'dartwing migrate up --repair-policies --yes',
          note: 'After somebody changed policies by hand',
        },
      ],
      output: ['MigrationRun'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 5: 'the schema is newer, differs, or a migration is breaking' },
      load: () => import('./up.js'),
    },
    {
      name: 'print',
      summary: 'Print the SQL of migrations',
      description:
        'For people with a migration tool of their own: schema, roles, tables and policies. Passwords of the runtime roles are set by the next migrate up.',
      flags: [{ name: 'from', value: 'id', summary: 'Behind this migration' }, to],
      examples: [
        { command: 'dartwing migrate print > schema.sql', note: 'Everything' },
        { command: 'dartwing migrate print --from 3', note: 'What comes after the third' },
      ],
      output: ['Text'],
      danger: 'none',
      mutates: false,
      load: () => import('./print.js'),
    },
    {
      name: 'verify',
      summary: 'Check applied migrations, policies and roles',
      examples: [
        { command: 'dartwing migrate verify', note: 'Checksums and row-level security' },
        { command: 'dartwing migrate verify --json', note: 'For a program' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      exits: { 6: 'something differs' },
      seeAlso: ['doctor'],
      load: () => import('./verify.js'),
    },
  ],
};
