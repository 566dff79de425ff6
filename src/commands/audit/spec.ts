import type { FlagSpec, NounSpec } from '../spec.js';

const filters: readonly FlagSpec[] = [
  { name: 'actor', value: 'id', summary: 'Who did it' },
  { name: 'action', value: 'word', summary: 'What was done: create, member.*' },
  { name: 'ref', value: 'ref', summary: 'To what: Organization/ORG-2026-00001, or a doctype alone' },
  { name: 'phi', summary: 'Only entries that touch protected health information' },
  { name: 'since', value: 'time', summary: 'From then on: -2h, 2026-11-01' },
];

export const auditSpec: NounSpec = {
  name: 'audit',
  group: 'Trust',
  summary: 'The trail of who did what, and its verification',
  verbs: [
    {
      name: 'query',
      summary: 'List entries, newest first',
      description:
        'Reading the trail leaves an entry in it. --org SYSTEM is the trail of the installation itself.',
      flags: [
        ...filters,
        { name: 'until', value: 'time', summary: 'Up to then' },
        { name: 'limit', value: 'n', summary: 'Entries of a page, 100 unless told, at most 500' },
        { name: 'cursor', value: 'text', summary: 'Continue a list behind its last page' },
        { name: 'all', summary: 'Every entry, page by page' },
        { name: 'pager', summary: 'Show it page by page with $PAGER; only on a terminal' },
      ],
      examples: [
        { command: 'dartwing audit query --org acme --since -1d', note: 'The last day of one organization' },
        { command: 'dartwing audit query --actor root --action "member.*" --json', note: 'For a program' },
      ],
      output: ['AuditEntryList'],
      danger: 'none',
      mutates: false,
      seeAlso: ['audit tail', 'audit verify'],
      load: () => import('./query.js'),
    },
    {
      name: 'tail',
      summary: 'Print entries as they come, oldest first',
      flags: [
        ...filters,
        { name: 'since-seq', value: 'n', summary: 'Begin behind this number of one organization' },
        { name: 'follow', summary: 'Go on until Ctrl-C' },
      ],
      examples: [
        { command: 'dartwing audit tail --follow', note: 'Everything from now on' },
        {
          command: 'dartwing audit tail --org acme --since -1h -o ndjson',
          note: 'The last hour, for a program',
        },
      ],
      output: ['AuditEntry'],
      danger: 'none',
      mutates: false,
      long: true,
      load: () => import('./tail.js'),
    },
    {
      name: 'verify',
      summary: 'Prove that no entry was changed, removed or added',
      description:
        'Reads every entry, recomputes hashes, chain and Merkle tree, and names the first fault of each trail with its ' +
        'kind. A rewriting of a whole trail with its head needs a checkpoint kept elsewhere and is not found.',
      flags: [{ name: 'all', summary: 'Every trail; so without --org' }],
      examples: [
        { command: 'dartwing audit verify --all', note: 'Every organization, 6 on a fault' },
        { command: 'dartwing audit verify --org acme --json', note: 'One organization' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'there is no such organization', 6: 'a trail has a fault' },
      load: () => import('./verify.js'),
    },
  ],
};
