import type { NounSpec } from '../spec.js';

const keyArgument = { name: 'key', summary: 'Key: pool_max', required: true, complete: 'settings' } as const;

export const configSpec: NounSpec = {
  name: 'config',
  group: 'Meta',
  summary: 'Settings and where they come from',
  verbs: [
    {
      name: 'show',
      aliases: ['list'],
      summary: 'Show every setting in force',
      description:
        'A setting is taken from the first place that names it: flag, environment, project file, profile, default. ' +
        'Secrets are masked.',
      flags: [{ name: 'origin', summary: 'Also show where each value comes from' }],
      examples: [
        { command: 'dartwing config show --origin', note: 'Values and their places' },
        { command: 'dartwing config show --output json', note: 'For a program' },
      ],
      output: ['ConfigView'],
      danger: 'none',
      mutates: false,
      seeAlso: ['help config', 'help environment'],
      load: () => import('./show.js'),
    },
    {
      name: 'get',
      summary: 'Print one setting',
      arguments: [keyArgument],
      examples: [
        { command: 'dartwing config get schema', note: 'The value alone' },
        { command: 'dartwing config get port --output json', note: 'Value and origin' },
      ],
      output: ['ConfigEntry'],
      danger: 'none',
      mutates: false,
      load: () => import('./get.js'),
    },
    {
      name: 'set',
      summary: 'Write one setting into the project file or the profile',
      description: 'Comments of the file are kept. Secrets are refused: see dartwing profile add.',
      arguments: [keyArgument, { name: 'value', summary: 'Its value: 20', required: true }],
      flags: [{ name: 'user', summary: 'Write to the profile of the user file instead' }],
      examples: [
        { command: 'dartwing config set pool_max 20', note: 'In dartwing.yaml of this project' },
        { command: 'dartwing config set output json --user', note: 'For me, in the current profile' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      load: () => import('./set.js'),
    },
    {
      name: 'path',
      summary: 'Print the files that are read',
      examples: [
        { command: 'dartwing config path', note: 'Project file and user file' },
        { command: 'dartwing config path --field user', note: 'Only the user file' },
      ],
      output: ['ConfigPaths'],
      danger: 'none',
      mutates: false,
      withoutConfig: true,
      load: () => import('./path.js'),
    },
    {
      name: 'validate',
      summary: 'Check every setting and name each wrong one',
      examples: [
        { command: 'dartwing config validate', note: 'All problems with their places' },
        { command: 'dartwing config validate --config staging.yaml', note: 'Another project file' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      withoutConfig: true,
      exits: { 6: 'a setting is wrong' },
      load: () => import('./validate.js'),
    },
  ],
};
