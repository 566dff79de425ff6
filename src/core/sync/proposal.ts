/**
 * Proposals for conflicts that wait for a person. Whoever merges (a model, a program of the host) is outside: it reads
 * a conflict and proposes values with its confidence. Only where the doctype says so, and above its threshold, they
 * are taken; otherwise the person who decides sees them. Both versions stay with the conflict in any case.
 */
import { authorize, type Scope } from '../access/index.js';
import type { Data, Registry } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { findConflict, keepProposal } from './conflict-queries.js';
import type { RulesOf } from './rules.js';

/** What somebody proposes for an open conflict. */
export interface ConflictProposal {
  /** Values of contested fields, each that of a side or a merge of them. */
  value: Data;
  /** From 0 to 1. */
  confidence: number;
  /** Why, for the person who decides. */
  rationale?: string | undefined;
}

/**
 * Keeps a proposal and says whether it may be taken without a person: the rules of the doctype name a threshold, the
 * proposer is surer than that, and no field of the doctype is protected health information.
 * @throws CONFLICT_NOT_FOUND, CONFLICT_RESOLVED, VALIDATION_ERROR, PERMISSION_DENIED
 */
export async function propose(
  scope: Scope,
  registry: Registry,
  rulesOf: RulesOf,
  id: string,
  { value, confidence, rationale }: ConflictProposal,
): Promise<'take' | 'ask'> {
  const organization = scope.tx.organization!;
  const row = await findConflict(scope.tx, organization, id.slice(0, 80), true);
  if (row === undefined) throw new DartwingError('CONFLICT_NOT_FOUND', { ref: id.slice(0, 80) });
  authorize(scope, 'write', { doctype: row.doctype, name: row.name, organization });
  if (row.status !== 'open')
    throw new DartwingError('CONFLICT_RESOLVED', {
      ref: row.id,
      decision: row.decision ?? '',
      by: row.resolved_by ?? '',
    });
  if (typeof confidence !== 'number' || !(confidence >= 0 && confidence <= 1))
    throw new DartwingError('VALIDATION_ERROR', { message: 'confidence is a number from 0 to 1' });
  const foreign = Object.keys(value).find((field) => !row.fields.includes(field));
  if (foreign !== undefined || Object.keys(value).length === 0)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `a proposal has values of contested fields only: ${row.fields.join(', ')}`,
    });
  const doctype = registry.get(row.doctype);
  const { ai } = rulesOf(row.doctype);
  const [sealed] = await registry.vault.seal(scope.tx, organization, [
    { doctype: row.doctype, name: row.name, data: value },
  ]);
  const isSealed = doctype.sealedPaths.length > 0;
  await keepProposal(scope.tx, row, {
    value: sealed,
    confidence,
    by: scope.principal.id,
    // A sentence about sealed values may hold them.
    rationale: isSealed ? null : (rationale?.slice(0, limits.reasonCharsMax) ?? null),
    at: scope.clock.now().toISOString(),
  });
  return ai !== undefined && confidence > ai.min_confidence && !doctype.isPhi ? 'take' : 'ask';
}
