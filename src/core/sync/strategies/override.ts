/** What a module or an organization may change of a doctype's rules. */
import { DartwingError, type FieldError } from '../../errors.js';
import { parseInput } from '../../input.js';
import {
  type ConflictRules,
  conflictRulesSchema,
  fieldsOf,
  mergeLists,
  mergeOf,
  ownerLists,
  ownerOf,
  unreadLists,
} from './rules.js';
import { sameValue } from './same.js';

/**
 * The rules after a change: a field that the change names takes its new place, every other rule stays, and what the
 * changed strategy would never read is left out. Call it once for the module and once for the organization.
 *
 * Allowed is a strategy that `overrides` names, for fields that are not `locked`; what may be overridden afterwards
 * can only become less.
 * @throws VALIDATION_ERROR naming each part of the change that is not allowed
 */
export function overrideRules(rules: ConflictRules, change: unknown): ConflictRules {
  const wanted = parseInput(conflictRulesSchema, change);
  const merged = merge(rules, wanted);
  const fields = [
    ...strategyFaults(rules, wanted),
    ...lockFaults(rules, merged),
    ...proposerFaults(rules, wanted),
  ];
  if (fields.length === 0) return merged;
  const message = `These conflict rules may not be changed so: ${fields[0]!.path} ${fields[0]!.message}`;
  throw new DartwingError('VALIDATION_ERROR', { message }, { fields });
}

const lists = [...ownerLists, ...mergeLists, 'auto_merge'] as const;

function merge(rules: ConflictRules, wanted: ConflictRules): ConflictRules {
  const merged: ConflictRules = { ...rules, strategy: wanted.strategy };
  for (const group of [ownerLists, [...mergeLists, 'rows'], ['auto_merge']] as const) {
    const moved = new Set(group.flatMap((list) => fieldsOf(wanted, list)));
    for (const list of group) {
      if (list === 'rows') {
        const kept = Object.entries(rules.rows ?? {}).filter(([name]) => !moved.has(name));
        merged.rows = { ...Object.fromEntries(kept), ...wanted.rows };
      } else {
        merged[list] = [...(rules[list] ?? []).filter((name) => !moved.has(name)), ...(wanted[list] ?? [])];
      }
    }
  }
  if (wanted.unlisted !== undefined) merged.unlisted = wanted.unlisted;
  if (wanted.ai !== undefined) merged.ai = wanted.ai;
  if (wanted.deletes !== undefined) merged.deletes = wanted.deletes;
  merged.locked = [...new Set([...(rules.locked ?? []), ...(wanted.locked ?? [])])];
  merged.overrides = (wanted.overrides ?? rules.overrides ?? []).filter((name) =>
    rules.overrides?.includes(name),
  );
  return compact(merged);
}

/** Without empty lists and without what the strategy does not read. */
function compact(rules: ConflictRules): ConflictRules {
  const slim = { ...rules };
  for (const list of [...lists, 'locked'] as const) if (slim[list]?.length === 0) delete slim[list];
  if (Object.keys(slim.rows ?? {}).length === 0) delete slim.rows;
  for (const list of unreadLists(slim)) delete slim[list];
  return slim;
}

function strategyFaults(rules: ConflictRules, wanted: ConflictRules): FieldError[] {
  const allowed = rules.overrides ?? [];
  if (allowed.length === 0) return [{ path: 'strategy', message: 'is fixed for this doctype' }];
  if (allowed.includes(wanted.strategy)) return [];
  return [{ path: 'strategy', message: `is one of ${allowed.join(', ')}` }];
}

/** Whether a proposer may decide at all is the doctype's to say; others may ask it to be surer. */
function proposerFaults({ ai }: ConflictRules, wanted: ConflictRules): FieldError[] {
  if (wanted.ai === undefined) return [];
  if (ai === undefined) return [{ path: 'ai', message: 'is not allowed for this doctype' }];
  if (wanted.ai.min_confidence >= ai.min_confidence) return [];
  return [{ path: 'ai.min_confidence', message: `is at least ${ai.min_confidence}` }];
}

/** A locked field keeps its owner and its merge; under a strategy that leaves it to the server or a person it is safe. */
function lockFaults(rules: ConflictRules, merged: ConflictRules): FieldError[] {
  return (rules.locked ?? [])
    .filter((name) => {
      const owner = ownerOf(merged, name);
      if (owner === 'manual' || (owner === 'server' && mergeOf(merged, name) === undefined)) return false;
      return owner !== ownerOf(rules, name) || !sameValue(mergeOf(merged, name), mergeOf(rules, name));
    })
    .map((name) => ({ path: name, message: 'is locked: its owner and its merge stay' }));
}
