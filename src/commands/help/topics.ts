/** Topics of `dartwing help`. What can be made from a table is made from it. */
import { configKeyNames, configKeySpec, fileName } from '../../core/config-keys.js';
import { errorKinds } from '../../core/errors.js';
import { globalFlags } from '../flags.js';
import { commandPath } from '../line.js';
import type { NounSpec } from '../spec.js';
import { flagTerm, type Page, type Section, visibleNouns, visibleVerbs } from './page.js';

type Topic = (nouns: readonly NounSpec[]) => Pick<Page, 'summary' | 'sections'>;

/** Every topic by name. */
export const topics: Readonly<Record<string, Topic>> = {
  flags: () => ({
    summary: 'Flags that every command understands, before or after the verb',
    sections: [
      terms('Flags', globalFlags.map(flagTerm)),
      text(
        'Values',
        'Durations: 90s, 15m, 2h, 7d.',
        'Times: RFC 3339, or -2h for two hours ago.',
        '-- ends the flags.',
      ),
    ],
  }),
  output: () => ({
    summary: 'stdout carries the answer and nothing else; people are spoken to on stderr',
    sections: [
      terms('Forms', [
        ['table', 'columns on a terminal; TSV without header when piped'],
        ['json', 'one document, or one line per document where a command streams'],
        ['yaml', 'the same document; what show prints, apply reads'],
        ['ndjson', 'the rows of a list, one document a line'],
      ]),
      terms('Less than all', [
        ['--field status.members', 'one scalar per row, raw'],
        ['--columns slug,created_at', 'columns of a table'],
      ]),
      text(
        'Documents',
        'Each has api_version and kind; dartwing schema <kind> prints its JSON Schema.',
        'Names are snake_case, units stand in the name (lag_ms), times are RFC 3339 in UTC.',
        'Absent means not known, null means known to be none. Fields are only added within v1.',
      ),
      text(
        'Events',
        'With json, yaml and ndjson stderr is one JSON event a line: {"type":"progress"}, {"type":"warning"}, ' +
          'and last {"type":"error"} when the command failed. Then stdout is empty.',
      ),
    ],
  }),
  'exit-codes': () => ({
    summary: 'Scripts branch on the exit code, and read error.code for the rest',
    sections: [terms('Exit codes', exitTerms())],
  }),
  environment: () => ({
    summary: 'Environment variables; each DARTWING_ name has a _FILE twin that names a file with the value',
    sections: [
      terms('Settings', [
        ...configKeyNames.flatMap((key) =>
          configKeySpec(key).env.map((name) => [name, keySummary(key)] as const),
        ),
        ['DARTWING_CONFIG', 'Project file instead of the one found upwards'],
      ]),
      terms('Also honoured', [
        ['NO_COLOR', 'no colours'],
        ['FORCE_COLOR', 'colours also in a pipe'],
        ['CI', 'never ask, and never take the organization from a profile'],
        ['PAGER', 'what --pager shows pages with; less unless told'],
        ['npm_config_registry', 'whom version --check asks; nothing else uses the network unasked'],
        ['TERM, LANG, LC_ALL', 'dumb terminals get no colours, other encodings no signs'],
        ['XDG_CONFIG_HOME', 'where the user file is: dartwing/config.yaml'],
        ['XDG_CACHE_HOME', 'where completion keeps names for a minute'],
        ['DARTWING_COMPLETION_TIMEOUT', 'how long completion waits for a database, 300ms unless told'],
      ]),
      text('.env files', 'Not read, unless --env-file names one.'),
    ],
  }),
  config: () => ({
    summary: 'A setting is taken from the first place that names it',
    sections: [
      terms('Places', [
        ['1 flag', '--org acme'],
        ['2 environment', 'DARTWING_ORG, or DARTWING_ORG_FILE'],
        ['3 project file', 'dartwing.yaml, found upwards to the root of the repository; no secrets'],
        ['4 profile', 'of $XDG_CONFIG_HOME/dartwing/config.yaml; must have mode 0600'],
        ['5 default', ''],
      ]),
      terms(
        'Keys',
        configKeyNames.map((key) => [fileName(key), keySummary(key)]),
      ),
      text('See also', 'dartwing config --help, dartwing config show --origin, dartwing config validate'),
    ],
  }),
  ci: () => ({
    summary: 'How to run dartwing in a pipeline',
    sections: [
      text(
        'Rules',
        'Set CI=1: nothing asks, and leftovers of a profile pick no organization.',
        'Give the address by DARTWING_URL_FILE, never on the command line.',
        'Approve by flag: --yes for moderate acts, --confirm <name> for severe ones.',
        'Use --if-not-exists and --output json; run lines as often as you like.',
        'Exit 6 means: the command worked, and the answer is bad.',
      ),
      text(
        'Time',
        'A command ends after 30s with exit 7 unless --timeout says otherwise; long operations have no limit.',
      ),
    ],
  }),
  safety: (nouns) => ({
    summary: 'What asks before it acts, and how a script answers',
    sections: [
      terms('Levels', [
        ['mild', 'acts and says what changed'],
        ['moderate', 'asks y/N; scripts add --yes'],
        ['severe', 'asks for the name; scripts add --confirm <name>, --yes is not enough'],
      ]),
      ...dangerous(nouns),
      text(
        'Always',
        'Without a terminal a missing flag is an error: silence never approves.',
        '--dry-run does the same work and rolls it back.',
        'Secrets come by environment, file or stdin; on the command line they are refused.',
      ),
    ],
  }),
  deprecations: (nouns) => {
    const old = visibleNouns(nouns).flatMap((noun) =>
      visibleVerbs(noun).flatMap((verb) =>
        verb.deprecated === undefined ? [] : [[commandPath(noun, verb), verb.deprecated] as const],
      ),
    );
    return {
      summary: 'What still works for two minor versions, and what replaces it',
      sections: [old.length === 0 ? text('Commands', 'Nothing is deprecated.') : terms('Commands', old)],
    };
  },
};

/** What each exit code means; the kinds of errors that share one stand together. */
function exitTerms(): (readonly [string, string])[] {
  const meanings: Readonly<Record<number, string>> = {
    0: 'done; also nothing found, nothing to change, reader closed the pipe',
    1: 'a fault of dartwing',
    2: 'wrong flag, value or file; confirmation or input missing',
    3: 'the named thing does not exist',
    4: 'not signed in, or not allowed',
    5: 'conflict: exists with other values, version moved, schema newer, plan stale',
    6: 'findings: the command worked, and the answer is bad',
    7: 'unavailable or timed out; trying again may help',
    8: 'partial: some of many were done, the document lists both',
    130: 'interrupted (143 when terminated)',
  };
  return Object.entries(meanings).map(([exit, meaning]) => {
    const kinds = Object.entries(errorKinds).flatMap(([kind, known]) =>
      String(known.exit) === exit ? [kind] : [],
    );
    return [exit, kinds.length === 0 ? meaning : `${meaning} (${kinds.join(', ')})`];
  });
}

function keySummary(key: (typeof configKeyNames)[number]): string {
  const spec = configKeySpec(key);
  const notes = [
    ...(spec.default === undefined ? [] : [`default ${spec.default}`]),
    ...(spec.secret ? ['secret'] : []),
  ];
  return notes.length === 0 ? spec.summary : `${spec.summary} (${notes.join(', ')})`;
}

function dangerous(nouns: readonly NounSpec[]): Section[] {
  return (['moderate', 'severe'] as const).flatMap((danger) => {
    const rows = visibleNouns(nouns).flatMap((noun) =>
      visibleVerbs(noun).flatMap((verb) =>
        verb.danger === danger ? [[commandPath(noun, verb), verb.summary] as const] : [],
      ),
    );
    return rows.length === 0 ? [] : [terms(danger === 'moderate' ? 'Moderate' : 'Severe', rows)];
  });
}

function terms(title: string, rows: readonly (readonly [string, string])[]): Section {
  return { title, blocks: [{ terms: rows }] };
}

function text(title: string, ...lines: readonly string[]): Section {
  return { title, blocks: [{ text: lines.join('\n') }] };
}
