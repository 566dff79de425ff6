import { pageFlags } from '../flags.js';
import type { NounSpec } from '../spec.js';

export const conflictSpec: NounSpec = {
  name: 'conflict',
  aliases: ['conflicts'],
  group: 'Sync',
  summary: 'Edits that met: what each side says, and who decided',
  verbs: [
    {
      name: 'list',
      summary: 'List conflicts, the newest first',
      flags: [
        {
          name: 'state',
          value: 'state',
          choices: ['open', 'auto', 'resolved', 'all'],
          summary: 'open unless told; auto: the rules or the time decided',
        },
        { name: 'entity', value: 'doctype', summary: 'Only of this doctype' },
        { name: 'older-than', value: 'duration', summary: 'Opened longer ago than this' },
        ...pageFlags(500),
      ],
      examples: [
        { command: 'dartwing conflict list --org acme', note: 'What waits for a person' },
        {
          command: 'dartwing conflict list --org acme --state auto --entity Task',
          note: 'What the rules decided',
        },
      ],
      output: ['ConflictList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization or doctype' },
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show base, server and client of a conflict',
      arguments: [{ name: 'id', summary: 'Id of the conflict: CF-00042', required: true }],
      examples: [
        { command: 'dartwing conflict show CF-00042 --org acme', note: 'The three sides below each other' },
        { command: 'dartwing conflict show CF-00042 --org acme -o yaml', note: 'Everything that is kept' },
      ],
      output: ['Conflict'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization or conflict' },
      load: () => import('./show.js'),
    },
    {
      name: 'resolve',
      summary: 'Decide conflicts for a side, or with values of your own',
      description:
        'Only the contested fields are set. Refused when one of them changed after the conflict was filed. Also takes back what the rules decided.',
      arguments: [
        { name: 'id', summary: 'Ids of conflicts; - reads them from stdin', required: false, variadic: true },
      ],
      flags: [
        { name: 'take', value: 'side', choices: ['server', 'client', 'base'], summary: 'Whose values stay' },
        { name: 'all', summary: 'All that the filters find, instead of ids' },
        {
          name: 'state',
          value: 'state',
          choices: ['open', 'auto'],
          summary: 'open unless told; auto: the rules or the time decided',
        },
        { name: 'entity', value: 'doctype', summary: 'Only of this doctype' },
        { name: 'older-than', value: 'duration', summary: 'Opened longer ago than this' },
        {
          name: 'value-file',
          value: 'file',
          complete: 'files',
          summary: 'JSON object of fields to set; - is stdin',
        },
      ],
      examples: [
        {
          command:
            'dartwing conflict resolve CF-00042 CF-00043 --org acme --take client --reason "clinic confirmed"',
          note: 'The devices were right',
        },
        {
          command:
            'dartwing conflict resolve CF-00042 --org acme --value-file decided.json --reason "both wrong"',
          note: 'Other values',
        },
        {
          command:
            'dartwing conflict resolve --all --entity Task --take server --org acme --reason "stale tablet" --dry-run',
          note: 'What would become of every open conflict about tasks',
        },
      ],
      output: ['Bulk'],
      danger: 'mild',
      mutates: true,
      long: true,
      needsReason: true,
      exits: {
        3: 'no such organization or conflict',
        5: 'resolved already, or changed since',
        8: 'some failed',
      },
      load: () => import('./resolve.js'),
    },
  ],
};
