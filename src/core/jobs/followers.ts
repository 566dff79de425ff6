/** What jobs do when something happens to an organization. */
import type { DomainEvents, Scope } from '../access/index.js';
import { deleteJobs, moveJobs } from './hand-queries.js';

/** Subscribes to `organization.purging`: its jobs go with it. */
export async function dropJobs(
  scope: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteJobs(scope.tx, organization.id);
}

/** Subscribes to `person.merging`: jobs of the loser are the winner's. */
export async function followMergedOwner(
  scope: Scope,
  { winner, loser, moved }: DomainEvents['person.merging'],
): Promise<void> {
  moved.jobs = (moved.jobs ?? 0) + (await moveJobs(scope.tx, loser, winner));
}
