/** The flags that every verb understands. The parser, `help flags`, man pages and completion are made from this list. */
import type { FlagSpec, VerbSpec } from './spec.js';

export const outputForms = ['table', 'json', 'yaml', 'ndjson'] as const;

export const globalFlags: readonly FlagSpec[] = [
  {
    name: 'output',
    short: 'o',
    value: 'form',
    choices: outputForms,
    env: 'DARTWING_OUTPUT',
    summary: 'Form of the answer; table is TSV when piped',
  },
  { name: 'json', summary: 'Same as -o json' },
  { name: 'field', value: 'path', complete: 'fields', summary: 'Print one scalar per row, raw: --field id' },
  {
    name: 'columns',
    value: 'a,b',
    complete: 'fields',
    summary: 'Columns of a table, by path in the document',
  },
  { name: 'quiet', short: 'q', env: 'DARTWING_QUIET', summary: 'Nothing on stderr but errors' },
  { name: 'verbose', short: 'v', summary: 'More words on stderr' },
  { name: 'debug', summary: 'Debug log on stderr, secrets redacted' },
  {
    name: 'color',
    value: 'when',
    choices: ['auto', 'always', 'never'],
    env: 'FORCE_COLOR',
    summary: 'When to use colours',
  },
  { name: 'no-color', env: 'NO_COLOR', summary: 'No colours' },
  { name: 'yes', short: 'y', summary: 'Answer yes to y/N questions; not enough for severe acts' },
  { name: 'confirm', value: 'name', summary: 'Typed confirmation of a severe act' },
  { name: 'no-input', env: 'CI', summary: 'Never ask; fail and name the flag to use' },
  { name: 'dry-run', short: 'n', summary: 'Plan only, write nothing; on every verb that changes something' },
  { name: 'exit-code', summary: 'With --dry-run: exit 6 when something would change' },
  {
    name: 'org',
    value: 'slug',
    env: 'DARTWING_ORG',
    complete: 'organizations',
    summary: 'Organization to work in',
  },
  {
    name: 'profile',
    value: 'name',
    env: 'DARTWING_PROFILE',
    complete: 'profiles',
    summary: 'Named connection of the user file',
  },
  {
    name: 'url',
    value: 'url',
    env: 'DARTWING_URL',
    summary: 'Database or server; refused when it contains a password',
  },
  { name: 'config', value: 'file', env: 'DARTWING_CONFIG', summary: 'Project file instead of the one found' },
  { name: 'env-file', value: 'file', summary: 'Read more environment from a file; what is set already wins' },
  {
    name: 'timeout',
    value: 'dur',
    env: 'DARTWING_TIMEOUT',
    summary: 'Limit of the whole command (30s; 0 for none)',
  },
  {
    name: 'time',
    value: 'form',
    choices: ['relative', 'iso', 'local'],
    env: 'DARTWING_TIME',
    summary: 'Times in tables; documents are always RFC 3339 in UTC',
  },
  { name: 'idempotency-key', value: 'key', summary: 'Makes a repeated change count once' },
  { name: 'reason', value: 'text', summary: 'Why it is done; kept in the audit trail' },
  { name: 'help', short: 'h', summary: 'Help; wins over everything else on the line' },
  { name: 'version', short: 'V', summary: 'Print the version' },
];

/** How lists are paged; `max` is what the room gives at once. */
export function pageFlags(max: number): readonly FlagSpec[] {
  return [
    { name: 'limit', value: 'n', summary: `Rows of a page, 20 unless told, at most ${max}` },
    { name: 'offset', value: 'n', summary: 'Rows to pass over' },
    { name: 'all', summary: 'Every row, page by page' },
  ];
}

const ofChanges = ['dry-run', 'exit-code'];

/** Global flags that this verb accepts: --dry-run and --exit-code only where something changes. */
export function globalFlagsOf(verb: VerbSpec): readonly FlagSpec[] {
  return verb.mutates ? globalFlags : globalFlags.filter((flag) => !ofChanges.includes(flag.name));
}

/** `-o, --output <form>` as help prints it. */
export function flagUsage(flag: FlagSpec): string {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const value = flag.choices === undefined ? `<${flag.value}>` : `{${flag.choices.join('|')}}`;
  return `${short}--${flag.name}${flag.value === undefined ? '' : ` ${value}`}`;
}

/** Name of a flag in parsed options: `if-not-exists` → `ifNotExists`, `no-input` → `input`. */
export function flagProperty(name: string): string {
  return name.replace(/^no-/, '').replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The switch of verbs that may be handed over. */
export const detachFlag: FlagSpec = {
  name: 'detach',
  summary: 'Let a worker do it, and end at once: job watch shows how far it is',
};
