import type { NounSpec } from '../spec.js';

export const initSpec: NounSpec = {
  name: 'init',
  group: 'Start',
  summary: 'Begin a project from a template',
  verbs: [
    {
      name: '',
      summary: 'Begin a project from a template',
      description:
        'Copies dartwing.yaml and org.yaml into a folder. Nothing that exists is overwritten. ' +
        'On a terminal it asks for template and name.',
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
        { name: 'git', summary: 'Make it a git repository, with the folder of data and keys left out' },
        { name: 'install', summary: 'Make a package.json that needs this dartwing, and run npm install' },
        { name: 'force', summary: 'Also into a folder that is not empty' },
      ],
      examples: [
        {
          command: 'dartwing init clinic --template clinic --name "Acme Clinic"',
          note: 'A clinic with members and policies',
        },
        { command: 'dartwing init shop --template saas --git --install', note: 'Ready for npx dartwing up' },
        { command: 'dartwing init --list', note: 'What there is' },
      ],
      output: ['Project', 'TemplateList'],
      danger: 'mild',
      mutates: true,
      withoutConfig: true,
      long: true,
      exits: { 5: 'the folder is not empty', 7: 'git or npm failed' },
      seeAlso: ['up', 'apply'],
      load: () => import('./init.js'),
    },
  ],
};
