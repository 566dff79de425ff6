/** Trying conflict rules on edits that somebody wrote down, with what they should come to. Pure. */
import { z } from 'zod';
import { parseInput } from '../input.js';
import type { DoctypeReport } from './check.js';
import type { SyncRuleSet } from './rule-set.js';
import { overrideRules, resolve, sameValue } from './strategies/index.js';

const fields = z.record(z.string(), z.json());
const sort = z.enum(['insert', 'update', 'delete', 'undelete']);

/** Two edits of one document, and what has to become of them. */
const ruleCase = z.strictObject({
  name: z.string().max(140).optional(),
  entity: z.string(),
  /** The document that the client edited; absent when nobody knows any more. */
  base: fields.optional(),
  /** The document as it is now; null is a tombstone. */
  server: fields.nullable(),
  /** What the client sends. */
  client: fields.default({}),
  op: sort.default('update'),
  /** Rules of the organization to try instead of those that hold. */
  rules: z.record(z.string(), z.json()).optional(),
  expect: z.strictObject({
    outcome: z.enum(['unchanged', 'applied', 'merged', 'server_wins', 'conflict']).optional(),
    /** Fields that the document has to have. */
    document: fields.optional(),
    open: z.array(z.string()).optional(),
  }),
});

const at = new Date('2026-01-01T12:00:00Z');

/** Resolves each case and compares. @throws VALIDATION_ERROR for a case that is none */
export function tryRules(holding: readonly SyncRuleSet[], cases: readonly unknown[]): DoctypeReport {
  const findings: DoctypeReport['findings'] = [];
  for (const [index, given] of cases.entries()) {
    const {
      name = `case ${index + 1}`,
      entity,
      base,
      server,
      client,
      op,
      rules,
      expect,
    } = parseInput(ruleCase, given);
    const fail = (what: string, fix: string) =>
      findings.push({ id: `sync.rules.${index + 1}`, severity: 'fail', what: `${name}: ${what}`, fix });
    const known = holding.find((each) => each.entity === entity);
    if (known === undefined) {
      fail(`${entity} is not a doctype`, 'Name one of `dartwing doctype list`');
      continue;
    }
    const { outcome, document, open } = resolve(
      {
        client: { op, data: client, device: 'client', operationId: 'case', writtenAt: at },
        server: {
          data: server ?? base ?? {},
          deleted: server === null,
          device: 'server',
          operationId: '',
          writtenAt: at,
        },
        base: base && { data: base },
        now: at,
      },
      rules === undefined ? known.rules : overrideRules(known.rules, rules),
    );
    if (expect.outcome !== undefined && expect.outcome !== outcome)
      fail(`the outcome is ${outcome}, not ${expect.outcome}`, 'Change the rules or the case');
    for (const [field, value] of Object.entries(expect.document ?? {}))
      if (!sameValue(document[field] ?? null, value))
        fail(
          `${field} is ${JSON.stringify(document[field] ?? null)}`,
          `The case expects ${JSON.stringify(value)}`,
        );
    if (expect.open !== undefined && !sameValue([...open].sort(), [...expect.open].sort()))
      fail(
        `a person decides ${open.join(', ') || 'nothing'}`,
        `The case expects ${expect.open.join(', ') || 'nothing'}`,
      );
  }
  const { length } = findings;
  return {
    api_version: 'dartwing/v1',
    kind: 'Report',
    check: 'sync.rules.test',
    ok: length === 0,
    findings,
    summary: { pass: cases.length, warn: 0, fail: length },
  };
}
