/** Who acts. */
import { DartwingError } from '../errors.js';
import type { Scope } from './scope.js';

export interface Principal {
  /** operator: somebody with access to the installation; service: a program; system: dartwing itself. */
  type: 'operator' | 'person' | 'service' | 'system';
  /** The operator's login, the PERSON-… id, or the name of the service. */
  id: string;
}

/** What is acted upon, as the audit trail and errors name it. */
export interface Ref {
  doctype: string;
  name: string;
  /** Id of the organization it belongs to, where it belongs to one. */
  organization?: string | undefined;
}

/**
 * The one decision of every verb. Operators, services and the system itself may do everything; persons may do
 * nothing here until their grants are compiled.
 * @throws UNAUTHENTICATED, PERMISSION_DENIED
 */
export function authorize(scope: Scope, action: string, ref: Ref): void {
  const { principal } = scope;
  if (principal.id === '') throw new DartwingError('UNAUTHENTICATED');
  if (principal.type === 'person') {
    throw new DartwingError('PERMISSION_DENIED', {
      actor: principal.id,
      action,
      ref: `${ref.doctype}/${ref.name}`,
    });
  }
}
