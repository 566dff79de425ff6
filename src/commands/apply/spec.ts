import type { FlagSpec, NounSpec, VerbSpec } from '../spec.js';

const file: FlagSpec = {
  name: 'file',
  short: 'f',
  value: 'file',
  repeat: true,
  summary: 'File or folder with documents; - reads stdin',
};
const prune: FlagSpec = { name: 'prune', summary: 'Also remove members that the documents do not name' };
const seeAlso = ['org show', 'schema'];

/** The same verb has two names: `apply` and `org apply`. */
export const applyVerb: VerbSpec = {
  name: '',
  summary: 'Make organizations what documents say',
  description:
    'Shows a plan, then carries it out, one transaction for each organization. Run again, nothing changes. ' +
    'The shape is that of dartwing org show -o yaml --with members.',
  arguments: [
    {
      name: 'plan',
      summary: 'Plan file from --plan-out, carried out exactly',
      required: false,
      complete: 'files',
    },
  ],
  flags: [
    file,
    prune,
    { name: 'plan-out', value: 'file', summary: 'Write the plan to a file and change nothing' },
    { name: 'exit-code', summary: 'With --dry-run or --plan-out: exit 6 when something would change' },
  ],
  examples: [
    { command: 'dartwing apply -f org.yaml', note: 'One file' },
    {
      command: 'dartwing apply -f org.yaml --plan-out plan.json',
      note: 'First stage in CI: the plan for review',
    },
    { command: 'dartwing apply plan.json --reason "PR 42"', note: 'Second stage: exactly that plan' },
  ],
  output: ['Plan'],
  danger: 'severe',
  mutates: true,
  long: true,
  exits: {
    5: 'the plan is stale',
    6: 'with --exit-code: there are changes',
    8: 'some organizations could not be changed',
  },
  seeAlso: ['diff', ...seeAlso],
  load: () => import('./apply.js'),
};

export const applySpec: NounSpec = {
  name: 'apply',
  group: 'Server',
  summary: 'Make organizations what documents say',
  verbs: [applyVerb],
};

export const diffSpec: NounSpec = {
  name: 'diff',
  group: 'Server',
  summary: 'Show what apply would change',
  verbs: [
    {
      name: '',
      summary: 'Show what apply would change',
      flags: [file, prune],
      examples: [
        { command: 'dartwing diff -f org.yaml', note: '0 same, 6 different' },
        { command: 'dartwing diff -f tenants/ --json', note: 'A folder, as a Plan document' },
      ],
      output: ['Plan'],
      danger: 'none',
      mutates: false,
      exits: { 6: 'something would change' },
      seeAlso: ['apply', ...seeAlso],
      load: () => import('./diff.js'),
    },
  ],
};
