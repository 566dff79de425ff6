/** How far an action on a doctype reaches in the organization of a transaction, for work on many documents at once. */
import { bitOf } from './actions.js';
import { requireOpen } from './authorize.js';
import { fieldsOf } from './fields.js';
import { keyCovers } from './key.js';
import { rightOn } from './rights.js';
import type { Scope } from './scope.js';

/** What may be acted upon: all documents, those of one person, or some by name. */
export interface Reach {
  whole: boolean;
  /** Id of the person whose documents are reached. */
  own: string | undefined;
  names: ReadonlySet<string>;
  /** Fields that are not shown, and those that are not taken. */
  hidden: ReadonlySet<string>;
  readOnly: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

/**
 * The reach of an action; the same decision as `authorize`, for every document of the doctype.
 * @throws ORGANIZATION_STATE (suspended)
 */
export function reachIn(scope: Scope, action: string, doctype: string): Reach {
  const { principal, access, tx } = scope;
  const reach = { whole: false, own: undefined, names: none, hidden: none, readOnly: none };
  if (principal.id === '' || tx.organization === undefined) return reach;
  if (principal.key !== undefined) {
    const { key } = principal;
    return { ...reach, whole: key.organization === tx.organization && keyCovers(key, action, doctype) };
  }
  if (principal.type !== 'person') return { ...reach, whole: true };
  if (access?.person !== principal.id) return reach;
  requireOpen(scope, tx.organization);
  const bit = bitOf(action);
  const membership = access.organizations.get(tx.organization);
  const table = access.everywhere ?? membership?.rights;
  const right = table && rightOn(table, doctype);
  const own = access.own.named.get(doctype);
  const isOwn = ((right?.ifOwner ?? 0) & bit) !== 0 || ((own?.ifOwner ?? 0) & bit) !== 0;
  const named =
    (rightOn(access.documentRights, doctype).allow & bit) === 0
      ? undefined
      : access.documents.get(tx.organization)?.get(doctype);
  const { hidden, readOnly } = fieldsOf(access, { doctype, name: '*' }, tx.organization);
  return {
    whole: ((right?.allow ?? 0) & bit) !== 0 || ((own?.allow ?? 0) & bit) !== 0,
    own: isOwn && (membership !== undefined || access.everywhere !== undefined) ? access.person : undefined,
    names: named ?? none,
    hidden,
    readOnly,
  };
}

/** Whether a document lies within a reach. */
export function reaches(
  { whole, own, names }: Reach,
  document: { name: string; owner: string | null },
): boolean {
  return whole || (own !== undefined && document.owner === own) || names.has(document.name);
}
