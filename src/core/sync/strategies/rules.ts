/** Conflict rules as data: what a doctype, a module or an organization writes down, and how it is read. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../json.js';
import { limits } from '../../limits.js';

export const strategies = [
  'server_wins',
  'client_wins',
  'last_write_wins',
  'field_level',
  'manual_resolve',
  'append_only',
  'three_way',
] as const;

export type Strategy = (typeof strategies)[number];

/** Who is right about a field that both sides changed. */
export type Owner = 'server' | 'client' | 'latest' | 'manual';

/** The lists of a rule set in which a field may stand, by what they say about it. */
export const ownerLists = ['server', 'client', 'latest', 'manual'] as const;
export const mergeLists = ['text', 'union', 'sum'] as const;

/** Strategies that decide field by field; the others take or refuse an edit as a whole. */
export const byField: ReadonlySet<Strategy> = new Set([
  'client_wins',
  'last_write_wins',
  'field_level',
  'three_way',
]);

const field = z.string().min(1).max(limits.nameCharsMax);
const fields = z.array(field).max(limits.conflictRuleFieldsMax);

/** Below this no rule lets a proposer decide. */
const aiConfidenceMin = 0.98;

const rowsRule = z.strictObject({
  /** Field that names a row. */
  key: field.default('name'),
  /** Field that rows are sorted by after a merge. */
  order: field.optional(),
  /** Cells to which both sides add. */
  sum: fields.optional(),
});

export type RowsRule = z.output<typeof rowsRule>;

const shape = z.strictObject({
  strategy: z.enum(strategies),
  /** Fields by their owner. */
  server: fields.optional(),
  client: fields.optional(),
  latest: fields.optional(),
  manual: fields.optional(),
  /** Owner of every other field; by default what the strategy is named for. */
  unlisted: z.enum(ownerLists).optional(),
  /** Under manual_resolve: fields that are merged all the same, where only one side changed them or a merge is clean. */
  auto_merge: fields.optional(),
  /** Long texts, merged by lines before the owner is asked. */
  text: fields.optional(),
  /** Lists to which both sides add and from which both remove. */
  union: fields.optional(),
  /** Numbers to which both sides add. */
  sum: fields.optional(),
  /** Child tables, merged by the key of their rows. */
  rows: z.record(field, rowsRule).optional(),
  /** Whether a deletion beats an edit it did not see (the rule), or a person decides. */
  deletes: z.enum(['win', 'manual']).optional(),
  /**
   * Where a proposer that is surer than this may decide what would wait for a person. Never for a doctype with protected
   * health information.
   */
  ai: z.strictObject({ min_confidence: z.number().min(aiConfidenceMin).max(1) }).optional(),
  /** Fields whose rule no module and no organization changes. */
  locked: fields.optional(),
  /** Strategies that a module or an organization may choose instead; without this line nothing may be changed. */
  overrides: z.array(z.enum(strategies)).max(strategies.length).optional(),
});

export type ConflictRules = z.output<typeof shape>;

/**
 * The schema of a rule set, for doctype definitions. Beyond shapes it refuses a field with two owners or two merges,
 * and lists that the strategy never reads.
 */
export const conflictRulesSchema = shape.superRefine((rules, context) => {
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  for (const lists of [ownerLists, [...mergeLists, 'rows'] as const])
    for (const [name, list] of repeated(rules, lists))
      refuse([list], `names ${name}, which already stands in another list`);
  for (const list of unreadLists(rules)) refuse([list], `has no meaning under ${rules.strategy}`);
});

type ListName = (typeof ownerLists)[number] | (typeof mergeLists)[number] | 'rows' | 'auto_merge';

/** Fields that stand in a list, whatever its form. */
export function fieldsOf(rules: ConflictRules, list: ListName): readonly string[] {
  return list === 'rows' ? Object.keys(rules.rows ?? {}) : (rules[list] ?? []);
}

function repeated(rules: ConflictRules, lists: readonly ListName[]): [name: string, list: ListName][] {
  const seen = new Set<string>();
  const twice: [string, ListName][] = [];
  for (const list of lists)
    for (const name of fieldsOf(rules, list)) {
      if (seen.has(name)) twice.push([name, list]);
      seen.add(name);
    }
  return twice;
}

/** Lists that a strategy does not read: a rule that is written and never applied would mislead. */
export function unreadLists(rules: ConflictRules): (ListName | 'unlisted')[] {
  const all = [...ownerLists, ...mergeLists, 'rows', 'auto_merge', 'unlisted'] as const;
  const written = all.filter((list) => rules[list] !== undefined);
  if (byField.has(rules.strategy)) return written.filter((list) => list === 'auto_merge');
  if (rules.strategy !== 'manual_resolve') return written;
  const readable: readonly string[] = ['auto_merge', ...mergeLists, 'rows'];
  return written.filter((list) => !readable.includes(list));
}

const strategyOwner: Readonly<Record<Strategy, Owner>> = {
  server_wins: 'server',
  client_wins: 'client',
  last_write_wins: 'latest',
  field_level: 'server',
  manual_resolve: 'manual',
  append_only: 'server',
  three_way: 'manual',
};

/** Who is right about a field that both sides changed. */
export function ownerOf(rules: ConflictRules, name: string): Owner {
  return (
    ownerLists.find((owner) => rules[owner]?.includes(name)) ??
    rules.unlisted ??
    strategyOwner[rules.strategy]
  );
}

/** How two changes of a field are merged before anybody has to be right. */
export function mergeOf(
  rules: ConflictRules,
  name: string,
): (typeof mergeLists)[number] | RowsRule | undefined {
  if (rules.rows !== undefined && Object.hasOwn(rules.rows, name)) return rules.rows[name];
  return mergeLists.find((list) => rules[list]?.includes(name));
}

/** SHA-256 of a rule set, to be kept with every conflict it decided. */
export function rulesFingerprint(rules: ConflictRules): string {
  const written = Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined));
  return createHash('sha256').update(canonicalJson(written)).digest('hex');
}
