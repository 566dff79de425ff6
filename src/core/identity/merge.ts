/** Two persons become one: whoever signed in as either signs in as the one that is left. */
import type { DomainEvents, Scope } from '../access/index.js';
import { moveIdentities } from './link-queries.js';

export async function followMerge(
  scope: Scope,
  { winner, loser, moved }: DomainEvents['person.merging'],
): Promise<void> {
  moved.identities = await moveIdentities(scope.tx, loser, winner);
}
