/** The conflict rules that hold in an organization: looking at them, changing them, and trying them on edits. */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import type { Registry } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { canonicalJson } from '../json.js';
import { namedFields } from './check.js';
import { dropRule, findRules, keepRule, type RuleRow } from './rule-queries.js';
import { type RulesOf, withChange } from './rules.js';
import { type ConflictRules, overrideRules, rulesFingerprint } from './strategies/index.js';

/** The document `SyncRuleSet`. */
export interface SyncRuleSet {
  api_version: 'dartwing/v1';
  kind: 'SyncRuleSet';
  entity: string;
  strategy: ConflictRules['strategy'];
  /** What holds. */
  rules: ConflictRules;
  /** SHA-256 of `rules`, as it is kept with conflicts. */
  fingerprint: string;
  /** What the organization changed; null where the doctype's own rules hold. */
  override: Readonly<Record<string, unknown>> | null;
  set_at: string | null;
  set_by: string | null;
  reason: string | null;
}

/** Rules of every doctype that is written here. @throws PERMISSION_DENIED */
export async function listRules(scope: Scope, registry: Registry, rulesOf: RulesOf): Promise<SyncRuleSet[]> {
  const organization = scope.tx.organization!;
  authorize(scope, 'read', { doctype: 'Sync Rule', name: '*', organization });
  const rows = await findRules(scope.tx, organization);
  return registry.all().map(({ name }) =>
    ruleSet(
      name,
      rulesOf,
      rows.find(({ doctype }) => doctype === name),
    ),
  );
}

/** @throws DOCTYPE_UNKNOWN, PERMISSION_DENIED */
export async function showRules(
  scope: Scope,
  registry: Registry,
  rulesOf: RulesOf,
  doctype: string,
): Promise<SyncRuleSet> {
  const organization = scope.tx.organization!;
  const { name } = registry.get(doctype);
  authorize(scope, 'read', { doctype: 'Sync Rule', name, organization });
  return ruleSet(name, rulesOf, await findRule(scope, name));
}

/**
 * Changes what the doctype allows to be changed; null takes every change of the organization back. The next push is
 * judged by it; conflicts on file stay as they are.
 * @throws DOCTYPE_UNKNOWN, VALIDATION_ERROR (naming each part that is not allowed), PERMISSION_DENIED
 */
export async function setRules(
  scope: Scope,
  registry: Registry,
  rulesOf: RulesOf,
  doctype: string,
  override: Readonly<Record<string, unknown>> | null,
): Promise<Change<SyncRuleSet>> {
  const organization = scope.tx.organization!;
  const { name, fields } = registry.get(doctype);
  const ref = { doctype: 'Sync Rule', name, organization };
  if (override !== null) {
    const rules = overrideRules(rulesOf(name), override);
    const unknown = namedFields(rules).find((field) => !fields.has(field));
    if (unknown !== undefined) {
      const wrong = [{ path: unknown, message: `is not a field of ${name}` }];
      throw new DartwingError(
        'VALIDATION_ERROR',
        { message: `${unknown} is not a field of ${name}` },
        { fields: wrong },
      );
    }
  }
  authorize(scope, 'write', ref);
  const row = await findRule(scope, name);
  const before = ruleSet(name, rulesOf, row);
  const change = { ref: `sync-rule/${name}`, before };
  if (canonicalJson(row?.rules ?? null) === canonicalJson(override))
    return changeDocument(scope, { ...change, op: 'none', after: before, audit: null });
  const { tx, clock, principal, reason } = scope;
  if (override === null) await dropRule(tx, organization, name);
  else
    await keepRule(tx, organization, {
      doctype: name,
      rules: { ...override },
      set_at: clock.now(),
      set_by: principal.id,
      reason,
    });
  const after = ruleSet(name, rulesOf, await findRule(scope, name));
  const audit = await recordAct(scope, organization, 'sync.rules', ref, {
    old: { override: before.override },
    new: { override: after.override, strategy: after.strategy },
  });
  return changeDocument(scope, { ...change, op: 'update', after, audit });
}

async function findRule(scope: Scope, name: string): Promise<RuleRow | undefined> {
  return (await findRules(scope.tx, scope.tx.organization!)).find(({ doctype }) => doctype === name);
}

function ruleSet(entity: string, rulesOf: RulesOf, row: RuleRow | undefined): SyncRuleSet {
  const rules = row === undefined ? rulesOf(entity) : withChange(rulesOf(entity), row.rules);
  return {
    api_version: 'dartwing/v1',
    kind: 'SyncRuleSet',
    entity,
    strategy: rules.strategy,
    rules,
    fingerprint: rulesFingerprint(rules),
    override: row?.rules ?? null,
    set_at: row?.set_at.toISOString() ?? null,
    set_by: row?.set_by ?? null,
    reason: row?.reason ?? null,
  };
}
