/** Which conflict rules hold for a doctype. */
import type { Registry } from '../documents/index.js';
import { DartwingError, isDartwingError } from '../errors.js';
import type { RuleRow } from './rule-queries.js';
import { type ConflictRules, conflictRulesSchema, defaultRules, overrideRules } from './strategies/index.js';

export type RulesOf = (doctype: string) => ConflictRules;

/** Reads the rules that doctypes declare, once for each definition. @throws DOCTYPE_INVALID */
export function openRules(registry: Registry): RulesOf {
  const known = new Map<string, ConflictRules>();
  return (name) => {
    const { definition, fingerprint } = registry.get(name);
    const found = known.get(fingerprint);
    if (found !== undefined) return found;
    const rules = definition.conflicts === undefined ? defaultRules(name) : read(name, definition.conflicts);
    known.set(fingerprint, rules);
    return rules;
  };
}

function read(doctype: string, given: unknown): ConflictRules {
  const result = conflictRulesSchema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DartwingError('DOCTYPE_INVALID', {
    where: doctype,
    message: `conflicts.${issue!.path.join('.')}: ${issue!.message}`,
  });
}

/** The rules of an organization: those of the doctypes with what it changed. */
export function rulesOfOrganization(rulesOf: RulesOf, rows: readonly RuleRow[]): RulesOf {
  if (rows.length === 0) return rulesOf;
  const changes = new Map(rows.map(({ doctype, rules }) => [doctype, rules]));
  const known = new Map<string, ConflictRules>();
  return (name) => {
    const change = changes.get(name);
    if (change === undefined) return rulesOf(name);
    const rules = known.get(name) ?? withChange(rulesOf(name), change);
    known.set(name, rules);
    return rules;
  };
}

/** A change that its doctype allows no longer counts for nothing until somebody sets it anew; pushes go on. */
export function withChange(rules: ConflictRules, change: unknown): ConflictRules {
  try {
    return overrideRules(rules, change);
  } catch (error) {
    if (isDartwingError(error)) return rules;
    throw error;
  }
}
