/** Which conflict rules hold for a doctype. */
import type { Registry } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { type ConflictRules, conflictRulesSchema, defaultRules } from './strategies/index.js';

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
