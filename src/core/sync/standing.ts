/** Whether somebody may synchronize an organization at all. */
import type { Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import type { HeadRow } from './feed-queries.js';

/**
 * Refuses whoever has lost the organization, and everybody while it is suspended.
 * @throws SYNC_REVOKED, ORGANIZATION_STATE
 */
export function requireStanding(scope: Scope, head: HeadRow | undefined): HeadRow {
  const organization = scope.tx.organization!;
  if (head === undefined || head.status === 'dissolved' || !belongs(scope, organization))
    throw new DartwingError('SYNC_REVOKED', { actor: scope.principal.id, organization });
  const { suspended_at: since, suspended_until: until, slug } = head;
  if (since !== null && (until === null || until > scope.clock.now()))
    throw new DartwingError('ORGANIZATION_STATE', { slug, state: 'suspended', action: 'synchronized' });
  return head;
}

function belongs({ principal, access }: Scope, organization: string): boolean {
  if (principal.key !== undefined) return principal.key.organization === organization;
  if (principal.type !== 'person') return true;
  if (access?.person !== principal.id) return false;
  return (
    access.everywhere !== undefined ||
    access.organizations.has(organization) ||
    access.documents.has(organization)
  );
}
