/**
 * A command is data: what it is called, what it takes, what it prints, how dangerous it is, and where its code
 * lies. Help, man pages, completion, `help --json` and the tests are all made from these values, so nothing
 * in a spec may import core or a terminal library: specs are on the way of `--help`.
 */
import type { CommandContext } from './context.js';

/** Answer yes to y/N is enough for moderate acts; severe ones want the name typed. */
export type Danger = 'none' | 'mild' | 'moderate' | 'severe';

/** Where completion finds candidates. Organizations and roles are asked from a database that runs already. */
export type CompletionSource =
  | 'organizations'
  | 'roles'
  | 'codes'
  | 'kinds'
  | 'topics'
  | 'templates'
  | 'profiles'
  | 'settings'
  | 'fields'
  | 'files';

export interface ArgumentSpec {
  name: string;
  summary: string;
  required: boolean;
  /** Several of the same kind may follow. */
  variadic?: boolean;
  /** Closed set of values. */
  choices?: readonly string[];
  complete?: CompletionSource;
}

export interface FlagSpec {
  /** Long name without dashes: `if-not-exists`. */
  name: string;
  short?: string;
  /** Absent for a switch. `<type>` in help. */
  value?: string;
  summary: string;
  /** Closed set of values. */
  choices?: readonly string[];
  /** May be given several times. */
  repeat?: boolean;
  default?: string;
  /** Environment variable that sets it. */
  env?: string;
  complete?: CompletionSource;
}

export interface ExampleSpec {
  command: string;
  /** One line: what it is for. */
  note: string;
}

export interface VerbSpec {
  /** `create`; the empty text for a noun that is itself the verb (`doctor`). */
  name: string;
  aliases?: readonly string[];
  /** Begins with a verb, no full stop, at most 72 columns. */
  summary: string;
  description?: string;
  arguments?: readonly ArgumentSpec[];
  flags?: readonly FlagSpec[];
  examples: readonly ExampleSpec[];
  /** Kinds of the documents it may print on stdout; empty for text (scripts, SQL, man pages). */
  output: readonly string[];
  danger: Danger;
  /** Changes something: then `--dry-run` is offered. */
  mutates: boolean;
  /** The audit trail wants `--reason`. */
  needsReason?: boolean;
  /** May run longer than the default time-out. */
  long?: boolean;
  /** Exit codes beyond 0, 1, 2, 4 and 7, with their meaning here. */
  exits?: Readonly<Record<number, string>>;
  seeAlso?: readonly string[];
  hidden?: boolean;
  /** Still works; says what to use instead. Listed in `dartwing help deprecations`. */
  deprecated?: string;
  /** Works beside a broken configuration: no file is read, and only what concerns the terminal is checked. */
  withoutConfig?: boolean;
  load: () => Promise<{ run: VerbRun }>;
}

export interface NounSpec {
  name: string;
  aliases?: readonly string[];
  group: 'Start' | 'Tenancy' | 'Sync' | 'Work' | 'Trust' | 'Product' | 'Server' | 'Meta';
  summary: string;
  verbs: readonly VerbSpec[];
}

/** Parsed line: arguments by name (variadic ones as list), flags by long name in camelCase. */
export interface Parsed {
  args: Readonly<Record<string, string | readonly string[] | undefined>>;
  flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

/**
 * The code of a verb. It returns what it has to say; it prints nothing itself except through the context.
 * Whatever it throws becomes one catalogue error on stderr and the exit code of its kind.
 */
export type VerbRun = (context: CommandContext, parsed: Parsed) => Promise<VerbResult>;

export type VerbResult =
  /** One document; `table` says how a person sees it. */
  | {
      document: Document;
      findings?: boolean;
      partial?: boolean;
      /** What was looked at cannot be reached; the document says what was tried. */
      isUnavailable?: boolean;
      /** Everything was done, though somebody may have interrupted meanwhile. */
      whole?: boolean;
      next?: readonly string[];
      table?: TableView;
    }
  /** A list document: `items` are rows. */
  | { list: ListDocument; findings?: boolean; table: TableView; empty?: string; footer?: string }
  /** Lines that come one by one (NDJSON in machine modes). */
  | { stream: AsyncIterable<Document>; table: TableView }
  /** Plain text that is the answer: a script, SQL, a man page; a `Text` for programs, unless they want it `raw`. */
  | { text: string; findings?: boolean; isUnavailable?: boolean; raw?: true }
  /** The verb has already said everything, or has nothing to say. */
  | { nothing: true; findings?: boolean };

export interface Document {
  api_version: 'dartwing/v1';
  kind: string;
  [key: string]: unknown;
}

export interface ListDocument extends Document {
  items: readonly Record<string, unknown>[];
  total_count: number;
}

/** How rows look to a person: columns by document path. A single document may also be shown as key and value. */
export interface TableView {
  columns: readonly { header: string; path: string; align?: 'right' }[];
  /** For a single document: sentence(s) instead of a table. */
  sentence?: string;
}
