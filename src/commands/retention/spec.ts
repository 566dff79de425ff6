import type { ArgumentSpec, NounSpec } from '../spec.js';

const doctype: ArgumentSpec = { name: 'doctype', summary: 'Task', required: true };

export const retentionSpec: NounSpec = {
  name: 'retention',
  group: 'Trust',
  summary: 'How long documents are kept, and disposing of them',
  verbs: [
    {
      name: 'list',
      summary: 'List how long an organization keeps documents of which doctype',
      description: 'Documents of doctypes without a rule are kept until somebody deletes them.',
      examples: [
        { command: 'dartwing retention list --org acme', note: 'With the basis of each rule' },
        { command: 'dartwing retention list --org acme --json', note: 'For a program' },
      ],
      output: ['RetentionRuleList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization' },
      load: () => import('./list.js'),
    },
    {
      name: 'set',
      summary: 'Say how long documents of a doctype are kept after their last change',
      arguments: [doctype],
      flags: [
        { name: 'days', value: 'n', summary: 'Days after the last change' },
        { name: 'basis', value: 'text', summary: 'Why so long: a law, a contract' },
      ],
      examples: [
        {
          command: 'dartwing retention set Task --days 365 --basis "House rule 4" --org acme',
          note: 'A year',
        },
        {
          command: 'dartwing retention set Task --days 30 --basis "House rule 4" --org acme --dry-run',
          note: 'What would change',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no such organization or doctype', 5: 'a framework wants it kept longer' },
      seeAlso: ['retention run'],
      load: () => import('./set.js'),
    },
    {
      name: 'remove',
      summary: 'Keep documents of a doctype until somebody deletes them',
      arguments: [doctype],
      examples: [
        { command: 'dartwing retention remove Task --org acme', note: 'Nothing is disposed of any more' },
        { command: 'dartwing retention remove Task --org acme --json', note: 'For a program' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no such organization or rule' },
      load: () => import('./remove.js'),
    },
    {
      name: 'run',
      summary: 'Dispose of documents that were kept long enough',
      description:
        'Their data are emptied in every version, and clients let go of them. Nothing goes under legal hold, nor what is ' +
        'about a person for whom processing is restricted. The schedule retention.run does it every night.',
      examples: [
        { command: 'dartwing retention run --org acme --dry-run', note: 'What is due; nothing goes' },
        { command: 'dartwing retention run --org acme --yes', note: 'For good' },
      ],
      output: ['RetentionRun'],
      danger: 'moderate',
      mutates: true,
      exits: { 3: 'no such organization' },
      seeAlso: ['retention set', 'person restrict'],
      load: () => import('./run.js'),
    },
  ],
};
