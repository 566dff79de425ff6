import { detachFlag } from '../flags.js';
import type { NounSpec } from '../spec.js';

export const permissionSpec: NounSpec = {
  name: 'permission',
  aliases: ['permissions', 'perm'],
  group: 'Tenancy',
  summary: 'Who may do what, and why',
  verbs: [
    {
      name: 'explain',
      summary: 'Say whether a person may do something, and which layer decides',
      description:
        'Four layers are asked in turn: the system roles of the account, the grant of the organization, the rules of the ' +
        'role, masks of fields. The first that says no is the one to change. Kind/* asks about a kind of document in ' +
        'general, and needs --org; so does a name that several organizations use.',
      arguments: [{ name: 'person', summary: 'E-mail address or id', required: true }],
      flags: [
        {
          name: 'can',
          value: 'action',
          summary: 'read, write, create, delete, share, export or a verb such as suspend; read unless told',
        },
        { name: 'on', value: 'ref', summary: 'Document: Equipment/EQ-00001, Organization/acme' },
      ],
      examples: [
        {
          command: 'dartwing permission explain bo@acme.test --can write --on Organization/acme',
          note: 'Exit 6 when denied',
        },
        {
          command: 'dartwing permission explain bo@acme.test --can write --on Task/TASK-9 --json',
          note: 'A document, wherever it is',
        },
        {
          command: "dartwing perm explain bo@acme.test --can create --on 'Task/*' --org acme",
          note: 'A kind in general',
        },
      ],
      output: ['Decision'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such person, organization or document', 6: 'it is denied' },
      seeAlso: ['permission log', 'permission orphans'],
      load: () => import('./explain.js'),
    },
    {
      name: 'orphans',
      summary: 'Find grants without member and members without grants',
      flags: [{ name: 'all', summary: 'Every organization; so without --org' }],
      examples: [
        { command: 'dartwing permission orphans --all', note: '6 when there is one' },
        { command: 'dartwing permission orphans --org acme --json', note: 'One organization' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such organization', 6: 'grants and memberships differ' },
      seeAlso: ['permission rebuild'],
      load: () => import('./orphans.js'),
    },
    {
      name: 'rebuild',
      summary: 'Recompute grants from memberships',
      description:
        'Makes what is missing and takes away what no membership carries; grants of single documents stay. Running it ' +
        'again changes nothing.',
      flags: [{ name: 'all', summary: 'Every organization; so without --org' }, detachFlag],
      examples: [
        { command: 'dartwing permission rebuild --org acme --dry-run', note: 'What it would do' },
        { command: 'dartwing permission rebuild --all --yes', note: 'Every organization, page by page' },
      ],
      output: ['GrantRebuild', 'Operation'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 3: 'there is no such organization' },
      seeAlso: ['permission orphans'],
      load: () => import('./rebuild.js'),
    },
    {
      name: 'log',
      summary: 'List grants that were made, removed or left out, newest first',
      flags: [
        { name: 'person', value: 'person', summary: 'Of one person: e-mail address or id' },
        {
          name: 'event',
          value: 'event',
          summary: 'Only this kind: create, remove, skip',
          choices: ['create', 'remove', 'skip'],
        },
        { name: 'since', value: 'time', summary: 'From then on: -2h, 2026-11-01' },
        { name: 'until', value: 'time', summary: 'Up to then' },
        { name: 'limit', value: 'n', summary: 'Events, 100 unless told, at most 500' },
      ],
      examples: [
        {
          command: 'dartwing permission log --org acme --event skip',
          note: 'Members who got no grant, and why',
        },
        { command: 'dartwing perm log --person bo@acme.test --json', note: 'For a program' },
      ],
      output: ['GrantEventList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such person or organization' },
      seeAlso: ['audit query'],
      load: () => import('./log.js'),
    },
  ],
};
