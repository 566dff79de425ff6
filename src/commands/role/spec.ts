import type { ArgumentSpec, FlagSpec, NounSpec } from '../spec.js';

const role: ArgumentSpec = {
  name: 'role',
  summary: 'Name of the role: Employee, "Board Member"',
  required: true,
  complete: 'roles',
};
const inFile: ArgumentSpec = { ...role, required: false };
const file: FlagSpec = {
  name: 'file',
  short: 'f',
  value: 'file',
  complete: 'files',
  summary: 'A Role as YAML or JSON, as role show prints it; - reads stdin',
};
const types = ['family', 'company', 'nonprofit', 'association', 'club'] as const;
const rate: FlagSpec = {
  name: 'hourly-rate-cents',
  value: 'n',
  summary: 'Default rate in cents; always 0 for families',
};

export const roleSpec: NounSpec = {
  name: 'role',
  aliases: ['roles'],
  group: 'Tenancy',
  summary: 'Role templates, from which organizations of a type pick',
  verbs: [
    {
      name: 'list',
      summary: 'List role templates',
      flags: [
        { name: 'type', value: 'type', choices: types, summary: 'Only those of this type of organization' },
      ],
      examples: [
        { command: 'dartwing role list --type company', note: 'What a company can give' },
        { command: 'dartwing role list --field name', note: 'Names, one per line' },
      ],
      output: ['RoleList'],
      danger: 'none',
      mutates: false,
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show a role template',
      arguments: [role],
      examples: [
        { command: 'dartwing role show Manager', note: 'Type, supervision and rate' },
        { command: 'dartwing role show "Board Member" --field is_supervisor', note: 'One value' },
      ],
      output: ['Role'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is none' },
      load: () => import('./show.js'),
    },
    {
      name: 'create',
      summary: 'Create a role template for a type of organization',
      arguments: [inFile],
      flags: [
        file,
        { name: 'type', value: 'type', choices: types.slice(0, 4), summary: 'Type of the organizations' },
        { name: 'supervisor', summary: 'Members with this role supervise the organization' },
        rate,
        { name: 'if-not-exists', summary: 'Accept it when it exists with the same values' },
      ],
      examples: [
        {
          command: 'dartwing role create Driver --type company --hourly-rate-cents 2050',
          note: 'With a rate',
        },
        {
          command: 'dartwing role create Trustee --type nonprofit --supervisor --if-not-exists',
          note: 'Repeatable',
        },
        { command: 'dartwing role create -f role.yaml', note: 'From a file' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 5: 'it exists (with other values)' },
      load: () => import('./create.js'),
    },
    {
      name: 'update',
      summary: 'Change a role template',
      description: 'Type and supervision stay as they are while members have the role.',
      arguments: [inFile],
      flags: [
        file,
        { name: 'type', value: 'type', choices: types.slice(0, 4), summary: 'Type of the organizations' },
        {
          name: 'supervisor',
          value: 'yes|no',
          choices: ['yes', 'no'],
          summary: 'Whether its members supervise',
        },
        rate,
      ],
      examples: [
        { command: 'dartwing role update Driver --hourly-rate-cents 2200', note: 'Another rate' },
        { command: 'dartwing role update Trustee --supervisor no', note: 'Only while nobody has it' },
        { command: 'dartwing role update -f role.yaml', note: 'To what a file says' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is none', 5: 'members have it' },
      load: () => import('./update.js'),
    },
    {
      name: 'delete',
      summary: 'Delete a role template that no member has',
      arguments: [role],
      examples: [
        { command: 'dartwing role delete Driver --yes', note: 'In a script' },
        { command: 'dartwing role delete Driver --dry-run', note: 'Whether it could be done' },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      exits: { 3: 'there is none', 5: 'members have it' },
      load: () => import('./delete.js'),
    },
    {
      name: 'seed',
      summary: 'Add the role templates of the installation that are missing',
      examples: [
        { command: 'dartwing role seed', note: 'After a deletion by mistake; migrate up does it too' },
        { command: 'dartwing role seed --dry-run', note: 'How many are missing' },
      ],
      output: ['RoleSeed'],
      danger: 'mild',
      mutates: true,
      load: () => import('./seed.js'),
    },
  ],
};
