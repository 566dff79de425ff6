/** The one decision of every door. */
import { DartwingError } from '../errors.js';
import { bitOf } from './actions.js';
import type { AccessContext } from './context.js';
import { keyCovers } from './key.js';
import type { Ref } from './principal.js';
import { type Right, rightOn } from './rights.js';
import type { Scope } from './scope.js';

/**
 * Refuses what the principal may not do. Operators, services and the system itself may do everything; persons what
 * their rights say, API keys what their permissions name. A record of an organization is named with it, or the transaction is bound to it; one without an
 * organization is denied, except the few kinds that have none.
 * @throws UNAUTHENTICATED, PERMISSION_DENIED, ORGANIZATION_STATE (suspended; only members hear so)
 */
export function authorize(scope: Scope, action: string, ref: Ref): void {
  if (isAuthorized(scope, action, ref)) return;
  requireSignedIn(scope);
  requireOpen(scope, organizationOf(ref) ?? scope.tx.organization);
  throw new DartwingError('PERMISSION_DENIED', {
    actor: scope.principal.id,
    action,
    ref: `${ref.doctype}/${ref.name}`,
  });
}

/** For lists, which show what one may see instead of refusing. @throws UNAUTHENTICATED */
export function requireSignedIn(scope: Scope): void {
  if (scope.principal.id === '') throw new DartwingError('UNAUTHENTICATED');
}

/**
 * Nothing is allowed in a suspended organization; its members and guests hear why.
 * @throws ORGANIZATION_STATE
 */
export function requireOpen({ principal, access }: Scope, organization: string | undefined): void {
  if (organization === undefined || principal.type !== 'person' || access?.person !== principal.id) return;
  if (access.everywhere !== undefined || !access.closed.has(organization)) return;
  throw new DartwingError('ORGANIZATION_STATE', { slug: organization, state: 'suspended', action: 'used' });
}

/** The same as `authorize`, as an answer. */
export function isAuthorized(scope: Scope, action: string, ref: Ref): boolean {
  const { principal, access, tx } = scope;
  if (principal.id === '') return false;
  if (principal.key !== undefined) {
    const organization = organizationOf(ref) ?? tx.organization;
    return organization === principal.key.organization && keyCovers(principal.key, action, ref.doctype);
  }
  if (principal.type !== 'person') return true;
  if (access?.person !== principal.id) return false;
  return isAllowed(access, action, ref, tx.organization);
}

/**
 * The decision itself: two look-ups and a mask, because what a membership and the records of no organization give was
 * put together when the rights were compiled. `bound` is the organization of a ref that names none.
 */
export function isAllowed(context: AccessContext, action: string, ref: Ref, bound?: string): boolean {
  const bit = bitOf(action);
  const { doctype } = ref;
  const { everywhere } = context;
  if (everywhere !== undefined) return gives(rightOn(everywhere, doctype), bit, ref, context);
  const organization = organizationOf(ref) ?? bound;
  if (organization === undefined) return gives(rightOn(context.own, doctype), bit, ref, context);
  if (context.closed.size > 0 && context.closed.has(organization)) return false;
  const decides = context.organizations.get(organization)?.decides ?? context.own;
  if (gives(rightOn(decides, doctype), bit, ref, context)) return true;
  return context.documents.size > 0 && givesDocument(context, bit, organization, ref);
}

/** Whether a single document was granted. */
function givesDocument(context: AccessContext, bit: number, organization: string, ref: Ref): boolean {
  const names = context.documents.get(organization)?.get(ref.doctype);
  return names?.has(ref.name) === true && (rightOn(context.documentRights, ref.doctype).allow & bit) !== 0;
}

function gives(right: Right, bit: number, ref: Ref, { person }: AccessContext): boolean {
  return (right.allow & bit) !== 0 || ((right.ifOwner & bit) !== 0 && ownerOf(ref) === person);
}

/** The organization of a ref; an organization belongs to itself. */
export function organizationOf(ref: Ref): string | undefined {
  return ref.organization ?? (ref.doctype === 'Organization' ? ref.name : undefined);
}

/** The owner of a ref; a person belongs to itself. */
export function ownerOf(ref: Ref): string | undefined {
  return ref.owner ?? (ref.doctype === 'Person' ? ref.name : undefined);
}
