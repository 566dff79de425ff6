/** What people do when something happens to an organization. */
import { authorize, type OrganizationFacts, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { enrolFirst } from './member-add.js';
import { deleteOrganizationRows, mirrorOrganizationName } from './member-queries.js';
import { ensurePerson } from './person.js';
import { founderRole, requireRole } from './roles.js';

/** Subscribes to `organization.created`: its owner becomes the first supervisor. */
export async function enrolOwner(
  scope: Scope,
  event: { organization: OrganizationFacts; owner: { email: string; role: string | undefined } | undefined },
): Promise<void> {
  const { organization, owner } = event;
  if (owner === undefined) return;
  authorize(scope, 'create', { doctype: 'Org Member', name: owner.email, organization: organization.id });
  const [role, person] = await Promise.all([
    requireRole(scope.tx, owner.role ?? founderRole[organization.type], organization.type),
    ensurePerson(scope, owner.email),
  ]);
  if (!role.is_supervisor) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: `The owner needs a supervisor role; ${role.role_name} is none`,
    });
  }
  await enrolFirst(scope, organization, person, role);
}

/** Subscribes to `organization.renamed`. */
export async function followRename(scope: Scope, event: { organization: OrganizationFacts }): Promise<void> {
  await mirrorOrganizationName(scope.tx, event.organization.id, event.organization.name);
}

/** Subscribes to `organization.purging`: members and grants go with the organization. */
export async function leaveOrganization(
  scope: Scope,
  event: { organization: OrganizationFacts },
): Promise<void> {
  await deleteOrganizationRows(scope.tx, event.organization.id);
}
