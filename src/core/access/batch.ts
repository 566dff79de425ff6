/** Many documents at once: what is not known of them is read in one statement. */
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { bitOf } from './actions.js';
import { isAllowed, isAuthorized, organizationOf, ownerOf } from './authorize.js';
import type { AccessContext } from './context.js';
import type { Principal, Ref } from './principal.js';
import { findRecords } from './records.js';
import { rightOn } from './rights.js';
import type { Scope } from './scope.js';

/**
 * Whether the principal may act on each document, in their order. A document that is not there is denied, so the
 * answer does not tell what exists.
 * @throws VALIDATION_ERROR for more than `limits.accessBatchMax`, DOCTYPE_UNKNOWN
 */
export async function authorizeMany(scope: Scope, action: string, refs: readonly Ref[]): Promise<boolean[]> {
  if (refs.length > limits.accessBatchMax)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `at most ${limits.accessBatchMax} documents at once`,
    });
  const { access, principal, tx } = scope;
  if (!judges(principal, access)) return refs.map((ref) => isAuthorized(scope, action, ref));
  const unknown = refs.filter((ref) => isOpen(access, action, ref, tx.organization));
  const found = unknown.length === 0 ? undefined : await findRecords(tx, unknown);
  return refs.map((ref) => {
    const known = unknown.includes(ref) ? found?.(ref) : ref;
    return known !== undefined && isAllowed(access, action, known, tx.organization);
  });
}

function judges(principal: Principal, access: AccessContext | undefined): access is AccessContext {
  return principal.type === 'person' && access?.person === principal.id;
}

/** Whether the decision needs more of a document than is known: its organization, or its owner. */
function isOpen(context: AccessContext, action: string, ref: Ref, bound: string | undefined): boolean {
  if (isAllowed(context, action, ref, bound)) return false;
  const organization = organizationOf(ref) ?? bound;
  if (organization === undefined) return !context.own.named.has(ref.doctype);
  const membership = context.organizations.get(organization);
  if (membership === undefined || ownerOf(ref) !== undefined) return false;
  return (rightOn(membership.rights, ref.doctype).ifOwner & bitOf(action)) !== 0;
}
