import { pageFlags } from '../flags.js';
import type { ArgumentSpec, NounSpec } from '../spec.js';

const member: ArgumentSpec = {
  name: 'person',
  summary: 'E-mail address or id of the person, or id of the member',
  required: true,
};
const states = ['active', 'inactive', 'pending'] as const;

export const memberSpec: NounSpec = {
  name: 'member',
  aliases: ['members', 'membership'],
  group: 'Tenancy',
  summary: 'Memberships: who belongs to an organization, in which role',
  verbs: [
    {
      name: 'list',
      summary: 'List the members of an organization, the latest first',
      flags: [
        { name: 'state', value: 'state', choices: states, summary: 'Only in this state' },
        { name: 'include-inactive', summary: 'Also former members' },
        ...pageFlags(100),
      ],
      examples: [
        { command: 'dartwing member list --org acme --all', note: 'Everybody who belongs to it' },
        {
          command: 'dartwing member list --org acme --state pending --field email',
          note: 'Who has not accepted yet',
        },
      ],
      output: ['MemberList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization' },
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show a membership',
      arguments: [member],
      examples: [
        { command: 'dartwing member show bo@acme.test --org acme', note: 'Role, state and days' },
        { command: 'dartwing member show bo@acme.test --org acme --field role', note: 'One value' },
      ],
      output: ['Member'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization or member' },
      load: () => import('./show.js'),
    },
    {
      name: 'add',
      summary: 'Add a person in a role; a former member comes back',
      description: 'The person of an address nobody knows is made. Grants come with the active membership.',
      arguments: [{ ...member, summary: 'E-mail address or id of the person' }],
      flags: [
        { name: 'role', value: 'role', complete: 'roles', summary: 'Role of the type of the organization' },
        { name: 'start', value: 'day', summary: 'First day, today unless told: 2026-12-01' },
        { name: 'end', value: 'day', summary: 'Last day, none unless told' },
        { name: 'pending', summary: 'Without any right until dartwing member activate' },
        { name: 'if-not-exists', summary: 'Accept who is a member already in the same role' },
      ],
      examples: [
        { command: 'dartwing member add bo@acme.test --org acme --role Employee', note: 'Active from today' },
        {
          command: 'dartwing member add bo@acme.test --org acme --role Employee --if-not-exists',
          note: 'Repeatable, for scripts',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no such organization, person or role', 5: 'a member already' },
      seeAlso: ['role list', 'member activate'],
      load: () => import('./add.js'),
    },
    {
      name: 'update',
      summary: 'Change role or days of a membership',
      arguments: [member],
      flags: [
        { name: 'role', value: 'role', complete: 'roles', summary: 'Role of the type of the organization' },
        { name: 'start', value: 'day', summary: 'First day' },
        { name: 'end', value: 'day', summary: 'Last day; none takes it away' },
      ],
      examples: [
        { command: 'dartwing member update bo@acme.test --org acme --role Manager', note: 'Another role' },
        { command: 'dartwing member update bo@acme.test --org acme --end 2027-06-30', note: 'A planned end' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no such organization, member or role', 5: 'the last supervisor' },
      load: () => import('./update.js'),
    },
    {
      name: 'activate',
      summary: 'Make a pending or former member active',
      arguments: [member],
      examples: [
        { command: 'dartwing member activate bo@acme.test --org acme', note: 'Instead of an acceptance' },
        {
          command: 'dartwing member activate bo@acme.test --org acme --dry-run',
          note: 'Whether it could be done',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no such organization or member', 5: 'active already' },
      load: () => import('./activate.js'),
    },
    {
      name: 'remove',
      aliases: ['deactivate'],
      summary: 'End a membership; its row stays as history',
      description: 'Grants go at once. Refused for the last supervisor and for whoever still has equipment.',
      arguments: [member],
      flags: [{ name: 'end', value: 'day', summary: 'Last day, today unless told' }],
      examples: [
        { command: 'dartwing member remove bo@acme.test --org acme --yes', note: 'In a script' },
        {
          command: 'dartwing member remove bo@acme.test --org acme --reason "contract ended" --yes',
          note: 'With the reason in the audit trail',
        },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      exits: {
        3: 'no such organization or member',
        5: 'the last supervisor, equipment in hand, or gone already',
      },
      seeAlso: ['member add'],
      load: () => import('./remove.js'),
    },
  ],
};
