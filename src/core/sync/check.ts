/** Whether doctypes fit together: their links, and conflict rules that name fields. */
import type { Registry } from '../documents/index.js';
import { isDartwingError } from '../errors.js';
import type { RulesOf } from './rules.js';
import type { ConflictRules } from './strategies/index.js';

/** The document `Report` of doctypes. */
export interface DoctypeReport {
  api_version: 'dartwing/v1';
  kind: 'Report';
  check: string;
  ok: boolean;
  findings: { id: string; severity: 'fail'; what: string; fix: string }[];
  summary: { pass: number; warn: number; fail: number };
}

export function checkDoctypes(registry: Registry, rulesOf: RulesOf): DoctypeReport {
  const findings: DoctypeReport['findings'] = registry.loose().map(({ doctype, field, to }) => ({
    id: 'doctype.link',
    severity: 'fail',
    what: `${doctype}.${field} links to ${to}, which nobody has defined`,
    fix: `Define ${to}, or correct the field`,
  }));
  for (const { name, fields } of registry.all()) {
    const wrong = wrongRules(name, rulesOf, new Set(fields.keys()));
    if (wrong !== undefined)
      findings.push({
        id: 'doctype.conflicts',
        severity: 'fail',
        what: `${name}: ${wrong}`,
        fix: 'Correct the conflict rules of the doctype',
      });
  }
  const { length } = findings;
  return {
    api_version: 'dartwing/v1',
    kind: 'Report',
    check: 'doctype.check',
    ok: length === 0,
    findings,
    summary: { pass: length === 0 ? 1 : 0, warn: 0, fail: length },
  };
}

function wrongRules(name: string, rulesOf: RulesOf, fields: ReadonlySet<string>): string | undefined {
  try {
    const unknown = namedFields(rulesOf(name)).find((field) => !fields.has(field));
    return unknown === undefined ? undefined : `its conflict rules name ${unknown}, which is not a field`;
  } catch (error) {
    if (isDartwingError(error)) return error.message;
    throw error;
  }
}

/** Fields that rules speak of. */
export function namedFields(rules: ConflictRules): string[] {
  const { server, client, latest, manual, auto_merge: merged, text, union, sum, rows, locked } = rules;
  const lists = [server, client, latest, manual, merged, text, union, sum, locked];
  return [...lists.flatMap((list) => list ?? []), ...Object.keys(rows ?? {})];
}
