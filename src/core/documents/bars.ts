/**
 * What keeps a document as it is although the caller has the right to change it: a person whose data may only be kept, and
 * an agreement that has run out, without which no health information may be taken in.
 */
import type { Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { isAgreementOver } from './agreement-queries.js';
import type { Data, Doctype } from './doctype.js';
import { findRestricted } from './restriction.js';

/** Something that is about to be written. */
export interface Attempt {
  doctype: Doctype;
  name: string;
  /** What is done, where that says more than the fields. */
  op?: string;
  /** The fields that it sets. */
  data: Data;
}

/** Which of some attempts may not be carried out, each with the error that says why. */
export async function findBarred(
  scope: Pick<Scope, 'tx' | 'clock'>,
  attempts: readonly Attempt[],
): Promise<Map<Attempt, DartwingError>> {
  const sensitive = attempts.filter(writesHealth);
  const [restricted, isOver] = await Promise.all([
    findRestricted(scope, attempts),
    sensitive.length > 0 && isAgreementOver(scope.tx, scope.tx.organization!, scope.clock.now()),
  ]);
  const over = (isOver ? sensitive : []).map((attempt): [Attempt, DartwingError] => [
    attempt,
    new DartwingError('BAA_EXPIRED', { ref: refOf(attempt), org: scope.tx.organization! }),
  ]);
  const kept = [...restricted].map(([attempt, person]): [Attempt, DartwingError] => [
    attempt,
    new DartwingError('PROCESSING_RESTRICTED', { ref: refOf(attempt), person }),
  ]);
  return new Map([...over, ...kept]);
}

/** @throws PROCESSING_RESTRICTED, BAA_EXPIRED */
export async function requireUnbarred(scope: Pick<Scope, 'tx' | 'clock'>, attempt: Attempt): Promise<void> {
  const error = (await findBarred(scope, [attempt])).get(attempt);
  if (error !== undefined) throw error;
}

/** Emptying a field or deleting a document takes nothing in. */
function writesHealth({ doctype, op, data }: Attempt): boolean {
  if (op === 'delete') return false;
  if (op === 'undelete') return doctype.isPhi;
  return doctype.phiFields.some((path) => {
    const value = data[path.split('.')[0]!];
    return value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
}

function refOf({ doctype, name }: Attempt): string {
  return `${doctype.name}/${name || '*'}`;
}
