import type { NounSpec } from '../spec.js';

export const initSpec: NounSpec = {
  name: 'init',
  group: 'Start',
  summary: 'Begin a project from a template',
  verbs: [
    {
      name: '',
      summary: 'Begin a project from a template',
      description: 'Copies dartwing.yaml and org.yaml into a folder. Nothing that exists is overwritten.',
      arguments: [
        { name: 'dir', summary: 'Folder, this one unless told', required: false, complete: 'files' },
      ],
      flags: [
        {
          name: 'template',
          value: 'name',
          complete: 'templates',
          summary: 'minimal, saas, clinic, family or club',
        },
        { name: 'name', value: 'text', summary: 'Name of the organization; its slug is made from it' },
        { name: 'list', summary: 'List the templates' },
        { name: 'force', summary: 'Also into a folder that is not empty' },
      ],
      examples: [
        {
          command: 'dartwing init clinic --template clinic --name "Acme Clinic"',
          note: 'A clinic with members and policies',
        },
        { command: 'dartwing init --list', note: 'What there is' },
      ],
      output: ['Project', 'TemplateList'],
      danger: 'mild',
      mutates: true,
      withoutConfig: true,
      exits: { 5: 'the folder is not empty' },
      seeAlso: ['up', 'apply'],
      load: () => import('./init.js'),
    },
  ],
};
