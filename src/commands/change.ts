/** The answer of verbs that change something: a document `Change`, and a sentence for a person. */
import type { Change } from '../core/index.js';
import type { VerbResult } from './spec.js';
import { escapeControls } from './ui/width.js';

export interface ChangeAnswer {
  op: 'create' | 'update' | 'delete' | 'none';
  /** `org/acme` */
  ref: string;
  before: unknown;
  after: unknown;
  dryRun: boolean;
  /** What is true afterwards: `Organization acme is suspended`. */
  sentence: string;
  /** Id of the audit entry, where one was left. */
  audit?: string | null;
  warnings?: readonly string[] | undefined;
  /** Command that takes it back. */
  undo?: string | undefined;
  next?: readonly string[];
}

/** Makes the answer; under --dry-run it says that nothing was written. */
export function change({
  op,
  ref,
  before,
  after,
  dryRun,
  sentence,
  audit,
  warnings,
  undo,
  next,
}: ChangeAnswer): VerbResult {
  const qualifier = op === 'none' ? ' (no change)' : dryRun ? ' (dry run: nothing was written)' : '';
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Change',
      op,
      ref,
      before,
      after,
      ...(audit === undefined ? {} : { audit }),
      dry_run: dryRun,
      ...(warnings === undefined ? {} : { warnings }),
      ...(undo === undefined ? {} : { undo }),
    },
    table: {
      columns: [],
      sentence: [sentence + qualifier, ...(op === 'update' ? differences(before, after) : [])].join('\n'),
    },
    ...(next === undefined ? {} : { next }),
  };
}

/** They differ after every change, and tell nothing. */
const untold = ['version', 'modified_at', 'modified_by', 'updated_at'];
const differencesMax = 20;
const valueCharsMax = 80;

/** What is another than before, a line each: `  name: "Acme" → "Acme Clinic"`. */
function differences(before: unknown, after: unknown): string[] {
  if (!isRecord(before) || !isRecord(after)) return [];
  const lines = differing('', before, after);
  const rest = lines.length - differencesMax;
  return rest > 0 ? [...lines.slice(0, differencesMax), `  and ${rest} more; --json shows all`] : lines;
}

function differing(path: string, before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => !untold.includes(name))
    .flatMap((name) => {
      const [from, to] = [before[name], after[name]];
      if (isRecord(from) && isRecord(to)) return differing(`${path}${name}.`, from, to);
      const [was, is] = [shown(from), shown(to)];
      return was === is ? [] : [`  ${path}${name}: ${was} → ${is}`];
    });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  const short = text.length > valueCharsMax ? `${text.slice(0, valueCharsMax)}…` : text;
  return escapeControls(short);
}

/** The answer of a verb whose core has changed something. `next` is left out where nothing was written. */
export function changed(done: Change<object>, sentence: string, next: readonly string[] = []): VerbResult {
  return change({
    op: done.op,
    ref: done.ref,
    before: done.before,
    after: done.after,
    dryRun: done.dry_run,
    audit: done.audit,
    warnings: done.warnings,
    undo: done.undo,
    sentence,
    next: done.op === 'none' || done.dry_run ? [] : next,
  });
}
