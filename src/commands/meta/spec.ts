/** Verbs about dartwing itself. None of them needs a database or a valid configuration. */
import type { NounSpec, VerbSpec } from '../spec.js';

type MetaVerb = Omit<VerbSpec, 'name' | 'danger' | 'mutates' | 'withoutConfig'>;

/** A noun that is itself the verb. */
function metaNoun(name: string, verb: MetaVerb): NounSpec {
  return {
    name,
    group: 'Meta',
    summary: verb.summary,
    verbs: [{ name: '', danger: 'none', mutates: false, withoutConfig: true, ...verb }],
  };
}

export const schemaSpec = metaNoun('schema', {
  summary: 'Print the JSON Schema of a document kind',
  description:
    'Every answer in JSON or YAML is a document with a kind. Without a name the kinds are listed. ' +
    'Within dartwing/v1 fields are only added, and readers accept values they do not know. ' +
    'With openapi it prints the interface of the server (OpenAPI 3.1).',
  arguments: [
    { name: 'kind', summary: 'Kind of the document: Org; or openapi', required: false, complete: 'kinds' },
  ],
  flags: [{ name: 'check', summary: 'With openapi: whether every route is described' }],
  examples: [
    { command: 'dartwing schema', note: 'List the kinds' },
    { command: 'dartwing schema Org', note: 'Schema of an organization' },
    { command: 'dartwing schema Change --output yaml', note: 'The same schema in YAML' },
    { command: 'dartwing schema openapi > openapi.json', note: 'The interface of the server' },
  ],
  output: ['SchemaList', 'Report'],
  exits: { 3: 'no such kind', 6: 'openapi lacks a route' },
  load: () => import('./schema.js'),
});

export const explainSpec = metaNoun('explain', {
  summary: 'Say what an error code means and what to do about it',
  description:
    'Works offline. Errors name their code in the line "Docs" and in error.code of the error event.',
  arguments: [
    { name: 'code', summary: 'Error code: ORGANIZATION_NOT_FOUND', required: false, complete: 'codes' },
  ],
  flags: [{ name: 'list', summary: 'List all codes' }],
  examples: [
    { command: 'dartwing explain ORGANIZATION_NOT_FOUND', note: 'Meaning, reason and repair' },
    { command: 'dartwing explain --list --field code', note: 'All codes, one per line' },
  ],
  output: ['ErrorCode', 'ErrorCodeList'],
  exits: { 3: 'no such code' },
  load: () => import('./explain.js'),
});

export const completionSpec = metaNoun('completion', {
  summary: 'Print a script that completes words in a shell',
  description: 'The script is only printed; no file of yours is changed.',
  arguments: [
    {
      name: 'shell',
      summary: 'Name of the shell',
      required: true,
      choices: ['bash', 'zsh', 'fish', 'powershell'],
    },
  ],
  examples: [
    { command: 'dartwing completion bash > /etc/bash_completion.d/dartwing', note: 'For every user of bash' },
    { command: 'dartwing completion zsh > ~/.zfunc/_dartwing', note: 'For zsh, with ~/.zfunc in fpath' },
    { command: 'dartwing completion fish > ~/.config/fish/completions/dartwing.fish', note: 'For fish' },
  ],
  output: ['Text'],
  load: () => import('./completion.js'),
});

export const completeSpec: NounSpec = {
  name: '__complete',
  group: 'Meta',
  summary: 'Print candidates for a word',
  verbs: [
    {
      name: '',
      summary: 'Print candidates for a word',
      arguments: [{ name: 'words', summary: 'The line so far', required: false, variadic: true }],
      examples: [
        { command: 'dartwing __complete -- config sh', note: 'Verbs that begin with sh' },
        { command: 'dartwing __complete -- schema ""', note: 'All kinds' },
      ],
      output: [],
      danger: 'none',
      mutates: false,
      hidden: true,
      withoutConfig: true,
      load: () => import('./complete.js'),
    },
  ],
};

export const manSpec = metaNoun('man', {
  summary: 'Write the manual pages',
  description: 'Without --dir the page of one command is printed: dartwing man org create.',
  arguments: [{ name: 'path', summary: 'Words of a command', required: false, variadic: true }],
  flags: [
    { name: 'dir', value: 'dir', summary: 'Write every page into this folder' },
    { name: 'markdown', summary: 'Markdown instead of roff' },
  ],
  examples: [
    { command: 'dartwing man --dir /usr/local/share/man/man1', note: 'Install the pages' },
    { command: 'dartwing man config show | man -l -', note: 'Read one page' },
    { command: 'dartwing man --markdown --dir docs/commands', note: 'The reference as Markdown' },
  ],
  output: ['Text'],
  load: () => import('./man.js'),
});

export const versionSpec = metaNoun('version', {
  summary: 'Print the versions of dartwing and of what runs it',
  description:
    'Nothing is asked from the network unless --check is given; then it is the npm registry, or the one that ' +
    'npm_config_registry names.',
  flags: [{ name: 'check', summary: 'Also ask the npm registry whether there is a newer one' }],
  examples: [
    { command: 'dartwing version', note: 'One line for a person' },
    { command: 'dartwing version --field cli', note: 'The bare number for a script' },
    { command: 'dartwing version --check --field outdated', note: 'true when there is a newer one' },
  ],
  output: ['Version'],
  load: () => import('./version.js'),
});

export const helpSpec = metaNoun('help', {
  summary: 'Explain a command or a topic',
  description:
    'Topics: flags, output, exit-codes, environment, config, ci, safety, deprecations. ' +
    'With --json the whole command tree is printed as one document.',
  arguments: [
    {
      name: 'path',
      summary: 'Words of a command, or a topic',
      required: false,
      variadic: true,
      complete: 'topics',
    },
  ],
  flags: [{ name: 'pager', summary: 'Show it page by page with $PAGER; only on a terminal' }],
  examples: [
    { command: 'dartwing help config show', note: 'Help of one verb' },
    { command: 'dartwing help exit-codes', note: 'A topic' },
    { command: 'dartwing help --json', note: 'The whole tree, for programs' },
  ],
  output: ['Help', 'Text'],
  load: () => import('./help.js'),
});
