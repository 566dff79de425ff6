/** The field level: what of a document is shown, and which changes are taken. */
import { DartwingError } from '../errors.js';
import { organizationOf } from './authorize.js';
import type { AccessContext } from './context.js';
import type { Ref } from './principal.js';
import { noRight, type Right, rightOn } from './rights.js';
import type { Scope } from './scope.js';

/** The right of a context on the fields of a document. */
export function fieldsOf(context: AccessContext, ref: Ref, bound?: string): Right {
  if (context.everywhere !== undefined) return rightOn(context.everywhere, ref.doctype);
  const organization = organizationOf(ref) ?? bound;
  const membership = organization === undefined ? undefined : context.organizations.get(organization);
  if (membership !== undefined) return rightOn(membership.rights, ref.doctype);
  return context.own.named.get(ref.doctype) ?? noRight;
}

/** A document without the fields that are hidden, for documents that were read whole. */
export function withoutHidden<Doc extends Readonly<Record<string, unknown>>>(
  scope: Scope,
  ref: Ref,
  document: Doc,
): Partial<Doc> {
  const { hidden } = rightOf(scope, ref);
  if (hidden.size === 0) return document;
  return Object.fromEntries(Object.entries(document).filter(([field]) => !hidden.has(field))) as Partial<Doc>;
}

/**
 * Refuses a change of fields that are hidden or only shown.
 * @throws FIELDS_DENIED that names them
 */
export function requireWritable(scope: Scope, ref: Ref, fields: Iterable<string>): void {
  const { hidden, readOnly } = rightOf(scope, ref);
  const denied = [...fields].filter((field) => hidden.has(field) || readOnly.has(field));
  if (denied.length === 0) return;
  throw new DartwingError(
    'FIELDS_DENIED',
    { actor: scope.principal.id, fields: denied.join(', '), ref: `${ref.doctype}/${ref.name}` },
    { fields: denied.map((path) => ({ path, message: 'may not be changed in your role' })) },
  );
}

function rightOf({ principal, access, tx }: Scope, ref: Ref): Right {
  if (principal.type !== 'person' || access === undefined) return noRight;
  return fieldsOf(access, ref, tx.organization);
}
