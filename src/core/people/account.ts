/**
 * Login accounts. A person who signs in or belongs somewhere gets one: at once where only our own row is made, after
 * the commit where it is made somewhere else. A failure never undoes the change that asked for the account: it is
 * noted, tried again (provisioning-schedule.ts), and given up with its message.
 */
import { recordAct, type Scope, type Session } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { asDartwingError, DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import { claimDueProvisioning, linkAccount, noteProvisioning } from './account-queries.js';
import type { PersonRow } from './person-document.js';
import { findPerson, lockPerson } from './person-queries.js';
import { isPassing, retryDelayMs } from './provisioning-schedule.js';

/** How login accounts come to be. */
export interface Provisioning {
  /** Make accounts for persons who need one. Default true. */
  autoCreate?: boolean | undefined;
  /**
   * Makes the account elsewhere, for instance at an identity provider; must accept that it exists already. An error
   * with `status` 500, 503 or 504, a connection failure or a time-out is tried again; any other is final.
   */
  create?: ((person: AccountRequest, signal: AbortSignal) => Promise<void>) | undefined;
}

/** Whom an account is for. */
export interface AccountRequest {
  person: string;
  email: string;
  first_name: string;
  last_name: string;
  keycloak_user_id: string | null;
}

/** What one round of retries did. */
export interface ProvisioningRound {
  tried: number;
  synced: number;
  pending: number;
  failed: number;
}

export interface Provisioner {
  /** Subscribes to `person.unprovisioned`. */
  provision(scope: Scope, event: { person: string }): Promise<void>;
  /** Tries to make the account now, whatever the settings say. */
  begin(scope: Scope, person: PersonRow): Promise<void>;
  /** Tries again whoever is due at the clock's time, at most `limits.provisioningBatchMax` persons. */
  retryDue(): Promise<ProvisioningRound>;
}

/** The person with an account, if one could be made at once. */
export async function provisioned(scope: Scope, person: PersonRow): Promise<PersonRow> {
  if (person.frappe_user !== null) return person;
  await scope.events.publish(scope, 'person.unprovisioned', { person: person.id });
  return (await findPerson(scope.tx, person.id))!;
}

export function openProvisioner(session: Session, options: Provisioning, log: Log): Provisioner {
  const { autoCreate = true, create } = options;

  const begin: Provisioner['begin'] = async (scope, person) => {
    if (create === undefined) return completeAccount(scope, person.id, log);
    const at = scope.clock.now();
    // The lease: if this process dies before its answer is noted, a retry finds the person.
    const nextAt = new Date(at.getTime() + limits.provisioningLeaseMs);
    await noteProvisioning(scope.tx, person.id, {
      status: 'pending',
      message: null,
      attempts: 0,
      nextAt,
      at,
    });
    scope.tx.afterCommit(async () => {
      await attempt(person.id);
    });
  };

  const attempt = async (id: string): Promise<PersonRow['user_sync_status']> => {
    const person = await session.run('person sync', undefined, (scope) => findPerson(scope.tx, id));
    if (person === undefined) return null;
    const failure = await callOutside(create, person);
    return session.run('person sync', undefined, async (scope) => {
      const current = await lockPerson(scope.tx, id);
      if (current === undefined || current.frappe_user !== null || current.status === 'merged')
        return 'synced';
      if (failure === undefined) await completeAccount(scope, id, log);
      else await noteFailure(scope, current, failure, log);
      return (await findPerson(scope.tx, id))!.user_sync_status;
    });
  };

  return {
    provision: async (scope, { person: id }) => {
      if (!autoCreate) return;
      if (create === undefined) return completeAccount(scope, id, log);
      const person = await lockPerson(scope.tx, id);
      if (person && isMissing(person)) await begin(scope, person);
    },
    begin,
    retryDue: async () => {
      const due = await session.run('person sync', undefined, ({ tx, clock }) => {
        const now = clock.now();
        const lease = new Date(now.getTime() + limits.provisioningLeaseMs);
        return claimDueProvisioning(tx, now, lease, limits.provisioningBatchMax);
      });
      const round: ProvisioningRound = { tried: due.length, synced: 0, pending: 0, failed: 0 };
      for (const id of due) {
        const status = await attempt(id);
        if (status !== null) round[status]++;
      }
      return round;
    },
  };
}

/** Whether an account is to be made that nobody is making already. */
function isMissing(person: PersonRow): boolean {
  const waits = person.user_sync_status === 'pending' || person.user_sync_status === 'failed';
  return person.frappe_user === null && person.status !== 'merged' && !waits;
}

/** Makes our row. The grants of memberships that waited for it come with it: a trigger of the database sees to that. */
async function completeAccount(scope: Scope, id: string, log: Log): Promise<void> {
  const account = await linkAccount(scope.tx, id, scope.clock.now());
  if (account !== undefined) {
    const change = { old: { frappe_user: null }, new: { frappe_user: account, user_sync_status: 'synced' } };
    await recordAct(scope, systemOrganization, 'provision', { doctype: 'Person', name: id }, change);
    return;
  }
  const person = await lockPerson(scope.tx, id);
  if (person === undefined || person.frappe_user !== null || person.status === 'merged') return;
  const taken = new DartwingError('PERSON_USER_TAKEN', { frappe_user: person.primary_email });
  await noteFailure(scope, person, taken, log);
}

async function noteFailure(scope: Scope, person: PersonRow, error: unknown, log: Log): Promise<void> {
  const at = scope.clock.now();
  const retry = person.sync_attempts + 1;
  const delayMs = isPassing(error) ? retryDelayMs(retry) : undefined;
  const message = asMessage(error);
  if (delayMs !== undefined) {
    const nextAt = new Date(at.getTime() + delayMs);
    await noteProvisioning(scope.tx, person.id, { status: 'pending', message, attempts: retry, nextAt, at });
    return;
  }
  const attempts = person.sync_attempts;
  await noteProvisioning(scope.tx, person.id, { status: 'failed', message, attempts, nextAt: null, at });
  await recordAct(
    scope,
    systemOrganization,
    'provision.failed',
    { doctype: 'Person', name: person.id },
    { old: { user_sync_status: person.user_sync_status }, new: { user_sync_status: 'failed', message } },
  );
  log.error({ person: person.id, err: error }, 'the login account could not be made');
}

async function callOutside(create: Provisioning['create'], person: PersonRow): Promise<unknown> {
  try {
    await create?.(
      {
        person: person.id,
        email: person.primary_email,
        first_name: person.first_name,
        last_name: person.last_name,
        keycloak_user_id: person.keycloak_user_id,
      },
      AbortSignal.timeout(limits.provisioningCallMs),
    );
    return undefined;
  } catch (error) {
    return error ?? new Error('unknown');
  }
}

/** What a person may read of a failure. */
function asMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : asDartwingError(error).message;
  return text.slice(0, 500);
}
