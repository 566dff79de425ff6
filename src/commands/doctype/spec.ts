import type { NounSpec } from '../spec.js';

export const doctypeSpec: NounSpec = {
  name: 'doctype',
  aliases: ['doctypes'],
  group: 'Sync',
  summary: 'Kinds of documents: fields, names, rights, conflict rules',
  verbs: [
    {
      name: 'list',
      summary: 'List the doctypes that are known',
      examples: [
        { command: 'dartwing doctype list', note: 'All of them' },
        { command: 'dartwing doctype list --field doctype', note: 'Their names' },
      ],
      output: ['DoctypeList'],
      danger: 'none',
      mutates: false,
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show the fields and rules of a doctype',
      arguments: [{ name: 'doctype', summary: 'Task, "Calendar Event", …', required: true }],
      examples: [
        { command: 'dartwing doctype show Task', note: 'Its fields' },
        { command: 'dartwing doctype show Task -o yaml', note: 'The whole definition' },
      ],
      output: ['Doctype'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such doctype' },
      load: () => import('./show.js'),
    },
    {
      name: 'check',
      summary: 'Check links between doctypes and their conflict rules',
      examples: [
        { command: 'dartwing doctype check', note: 'Exit 6 when something is wrong' },
        { command: 'dartwing doctype check -o json', note: 'For a script' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      exits: { 6: 'something is wrong' },
      load: () => import('./check.js'),
    },
  ],
};
