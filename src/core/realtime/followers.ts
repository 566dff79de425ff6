/** What realtime does when something happens in another room. */
import type { DomainEvents, Scope } from '../access/index.js';
import type { JobEvent } from '../jobs/index.js';
import { jobRoom, organizationRoom } from './channel.js';
import { deleteOf, insertEvents, type WaitingEvent } from './queries.js';

/** Subscribes to `organization.purging`: what waits for its sockets goes with it. */
export async function dropRealtime(
  { tx }: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteOf(tx, organization.id);
}

/** Subscribes to `integration.expired`: the administrators hear it at once (requirements §13.3); the mail comes later. */
export function tellOfIntegration(scope: Scope, event: DomainEvents['integration.expired']): Promise<void> {
  return tellEach(scope, 'integration_expired', event);
}

/** Subscribes to `agreement.expiring`. */
export function tellOfAgreement(scope: Scope, event: DomainEvents['agreement.expiring']): Promise<void> {
  return tellEach(scope, 'agreement_expiring', event);
}

async function tellEach(
  { tx }: Scope,
  event: string,
  { administrators, ...message }: { organization: string; administrators: readonly string[] },
): Promise<void> {
  const { organization } = message;
  const events = administrators.map((user): WaitingEvent => {
    return { organization, event: { event, to: { user }, message } };
  });
  await insertEvents(tx, events);
}

const statuses: Readonly<Record<Exclude<JobEvent['event'], 'progress'>, string>> = {
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  timed_out: 'Timed Out',
  canceled: 'Canceled',
  dead_letter: 'Dead Letter',
  released: 'Queued',
};

/** What happened to a job as its organization hears it (requirements §11.3); how far it is, at most once a second. */
export function ofJob({ organization, id, event, progress, type }: JobEvent, at: Date): WaitingEvent {
  const rooms = [organizationRoom(organization), jobRoom(organization, id)];
  const facts = { organization, job_id: id, type, updated_at: at.toISOString() };
  if (event === 'progress') {
    const { percent, message } = progress ?? { percent: 0, message: null };
    const content = { ...facts, status: 'Running', progress: percent, progress_message: message };
    return { organization, event: { event: 'job_progress', to: { rooms }, message: content } };
  }
  const content = {
    ...facts,
    from_status: event === 'running' ? 'Queued' : 'Running',
    to_status: statuses[event],
  };
  return { organization, event: { event: 'job_status_changed', to: { rooms }, message: content } };
}
