/**
 * Tenancy: organizations and their concrete records.
 *
 * An organization is a thin shared identity; exactly one concrete record (Family, Company, Nonprofit or
 * Association) holds what is special to its type, which never changes. Both are created in one transaction and
 * point at each other; `verifyLinks` finds where they do not and `repairLinks` mends it. Deleting means
 * dissolving: data waits 30 days and can be restored until it is purged. Each verb writes one audit entry
 * (create, update, suspend, restore, delete, purge, repair) with the document before and after.
 *
 * Limits: names 140 characters, lists 500 a page, child lists 500 rows.
 */
export { type ConcreteType, concreteTypes, type OrganizationType, organizationTypes } from './concrete.js';
export { concreteSchema } from './concrete-schema.js';
export { createOrganization, resolvePersons } from './create.js';
export {
  comparable,
  type OrganizationDocument,
  type OrganizationRow,
  organizationFacts,
  stateOf,
} from './document.js';
export {
  type CreateOrganizationInput,
  type OrganizationChanges,
  oncePerType,
  parseType,
  refuseOtherSubtype,
  region,
  settings,
} from './input.js';
export { type LinkFinding, linkFaults, repairLinks, verifyLinks } from './reconcile.js';
export { type OrganizationVerbs, organizationVerbs } from './room.js';
export {
  type ListOrganizationsInput,
  type OrganizationList,
  requireOrganization,
  showOrganization,
} from './show.js';
export { parseSlug, suggestSlug } from './slug.js';
export { updateOrganizationSettings } from './update.js';
