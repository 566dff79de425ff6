/**
 * Conflict strategies: what happens to an edit that was made on an old version. Pure; nothing here reads a clock, a
 * table or a setting.
 *
 *     const rules = overrideRules(defaultRules('Task'), { strategy: 'field_level', client: ['labels'] });
 *     const { outcome, document, lost } = resolve({ client, server, base, now }, rules);
 *
 * A field that one side changed is that side's. A field that both changed is merged where the rules say how (long text
 * by lines, child tables by key, lists by union, numbers by sum) and otherwise belongs to its owner: the server, the
 * client, the latest, or a person. `server_wins` and `append_only` take nothing of such an edit, and `manual_resolve`
 * takes only the fields of `auto_merge`. Deletions beat edits; `undelete` beats deletions. Whatever loses is handed
 * back, so that it can be kept.
 *
 * Content that is equal is no conflict, with one exception: of numbers that are summed, two equal ones are two additions
 * if the operation has an id. In rows of a child table equal cells are one.
 *
 * Limits: texts in which comparing takes a few milliseconds, unions of 1,000 items; beyond them the owner decides.
 */
export { clampClientTime, isLater } from './client-time.js';
export type {
  Ancestor,
  ClientSide,
  Conflict,
  FieldDecision,
  Fields,
  Operation,
  Outcome,
  Resolution,
  ServerSide,
} from './conflict.js';
export { defaultRules } from './defaults.js';
export { overrideRules } from './override.js';
export { resolve } from './resolve.js';
export {
  type ConflictRules,
  conflictRulesSchema,
  rulesFingerprint,
  type Strategy,
  strategies,
} from './rules.js';
export { sameValue } from './same.js';
