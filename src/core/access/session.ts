/**
 * How every call runs: one transaction, one scope, its access across organizations on record. Rooms get their
 * scope from here and from nowhere else.
 */
import { stageAudit, systemOrganization } from '../audit/index.js';
import type { Clock } from '../clock.js';
import type { Database, Tx, WorkOptions } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import type { Events } from './events.js';
import { answerOnce } from './idempotency.js';
import type { Call, CallOptions, Scope } from './scope.js';

export interface Session {
  /** Facts of a call, completed with the defaults. */
  call(options?: CallOptions): Call;
  /**
   * Runs a verb over all organizations. `purpose` says in the audit trail what for; `request` tells one use of an
   * idempotency key from another.
   */
  run<T>(
    purpose: string,
    options: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
    request?: unknown,
  ): Promise<T>;
  /** Runs a verb bound to one organization (its id). */
  runIn<T>(
    organization: string,
    options: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
    mode?: WorkOptions,
  ): Promise<T>;
  /** A transaction across organizations, with its reason on record. */
  system<T>(reason: string, call: Call, work: (tx: Tx) => Promise<T>, mode?: WorkOptions): Promise<T>;
}

export function openSession(database: Database, events: Events, clock: Clock, defaults: Call): Session {
  const call = (options: CallOptions = {}): Call => ({
    requestId: `req_${uuidv7(clock.now())}`,
    ...defaults,
    ...withoutUndefined(options),
  });

  const system: Session['system'] = (reason, facts, work, mode = {}) => {
    if (reason.trim() === '')
      return Promise.reject(new DartwingError('REASON_REQUIRED', { action: 'Access across organizations' }));
    const record = (tx: Tx) =>
      stageAudit(tx, {
        organization: systemOrganization,
        action: 'system.access',
        actor: facts.principal,
        via: facts.via,
        ref: { doctype: 'Installation', name: database.schema },
        reason,
        requestId: facts.requestId,
      });
    return database.asSystem(record, work, mode);
  };

  const run: Session['run'] = (purpose, options, work, request) => {
    const facts = call(options);
    const reason = facts.reason === undefined ? purpose : `${purpose}: ${facts.reason}`;
    return system(
      reason,
      facts,
      (tx) => {
        const scope: Scope = { ...facts, tx, clock, events };
        return answerOnce(scope, { purpose, request: request ?? null }, () => work(scope));
      },
      { dryRun: facts.dryRun ?? false },
    );
  };

  const runIn: Session['runIn'] = (organization, options, work, mode = {}) => {
    const facts = call(options);
    return database.asOrg(organization, (tx) => work({ ...facts, tx, clock, events }), {
      ...mode,
      dryRun: facts.dryRun ?? false,
    });
  };

  return { call, run, runIn, system };
}

function withoutUndefined(options: CallOptions): CallOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
