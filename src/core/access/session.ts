/**
 * How every call runs: one transaction, one scope. An operator's access across organizations is on record; a
 * person's call carries the rights of its transaction. Rooms get their scope from here and from nowhere else.
 */
import { stageAudit, systemOrganization } from '../audit/index.js';
import type { Clock } from '../clock.js';
import type { Database, Tx, WorkOptions } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { newRequestId } from '../ids.js';
import { limits } from '../limits.js';
import { type AccessContext, withClosedOpened } from './context.js';
import type { Begin, Contexts } from './contexts.js';
import type { AccessDoorbell } from './doorbell.js';
import type { Events } from './events.js';
import { type AnswerSeal, type Asked, answerOnce } from './idempotency.js';
import type { Call, CallOptions, Scope } from './scope.js';

export interface Session {
  /** Facts of a call, completed with the defaults. */
  call(options?: CallOptions): Call;
  /**
   * Runs a verb over all organizations. `purpose` says in the audit trail what for; `request` tells one use of an
   * idempotency key from another. Without it, as in verbs that only read, a key counts for nothing.
   * @throws UNAUTHENTICATED before anything else
   */
  run<T>(
    purpose: string,
    options: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
    request?: unknown,
  ): Promise<T>;
  /** Runs a verb bound to one organization (its id). `once` says what for and what was asked, as in `run`. */
  runIn<T>(
    organization: string,
    options: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
    mode?: WorkOptions,
    once?: { purpose: string; request: unknown },
  ): Promise<T>;
  /** A transaction across organizations, with its reason on record. */
  system<T>(reason: string, call: Call, work: (tx: Tx) => Promise<T>, mode?: WorkOptions): Promise<T>;
}

/** What a session needs to know the rights of persons, to tell that they changed, and to keep answers. */
export interface AccessSources {
  contexts: Contexts;
  doorbell: AccessDoorbell;
  answers: AnswerSeal;
}

export function openSession(
  database: Database,
  events: Events,
  clock: Clock,
  defaults: Call,
  { contexts, doorbell, answers }: AccessSources,
): Session {
  /** A verb completes its facts once, also where it needs two transactions. */
  const completed = new WeakSet<CallOptions>();
  const call = (options: CallOptions = {}): Call => {
    if (completed.has(options)) return options as Call;
    const facts: Call = { ...defaults, ...withoutUndefined(options) };
    facts.requestId ??= newRequestId(clock.now());
    requireTexts(facts);
    completed.add(facts);
    return facts;
  };

  const system: Session['system'] = (reason, facts, work, mode = {}) => {
    if (facts.principal.id === '') return Promise.reject(new DartwingError('UNAUTHENTICATED'));
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

  const scopeOf = (facts: Call, tx: Tx, access?: AccessContext): Scope => ({
    ...facts,
    tx,
    clock,
    events,
    doorbell,
    access,
  });

  /** The transaction of a call: a person's begins with the rights. */
  const within = <T>(facts: Call, begin: Begin, work: (scope: Scope) => Promise<T>): Promise<T> => {
    const witnessed = async (scope: Scope): Promise<T> => {
      const answer = await work(scope);
      facts.witness?.(scope, answer);
      return answer;
    };
    return facts.principal.type === 'person'
      ? contexts.within(facts.principal.id, begin, (tx, access) =>
          witnessed(scopeOf(facts, tx, facts.via === 'job' ? withClosedOpened(access) : access)),
        )
      : begin((tx) => witnessed(scopeOf(facts, tx)));
  };

  const run: Session['run'] = async (purpose, options, work, request) => {
    const facts = call(options);
    if (facts.principal.id === '') return Promise.reject(new DartwingError('UNAUTHENTICATED'));
    const reason = facts.reason === undefined ? purpose : `${purpose}: ${facts.reason}`;
    const mode = { dryRun: facts.dryRun ?? false, leavesNothing: true };
    // What a person or a key may see is no access across organizations; their acts leave entries of their own.
    const begin: Begin = (inner) =>
      isConfined(facts) ? database.asSystem(async () => {}, inner, mode) : system(reason, facts, inner, mode);
    const asked = askedBy(facts, purpose, request);
    return within(facts, begin, (scope) => answerOnce(scope, answers, asked, () => work(scope)));
  };

  const runIn: Session['runIn'] = async (organization, options, work, mode = {}, once) => {
    const facts = call(options);
    if (facts.principal.id === '') return Promise.reject(new DartwingError('UNAUTHENTICATED'));
    const begin: Begin = (inner) =>
      database.asOrg(organization, inner, { ...mode, dryRun: facts.dryRun ?? false });
    if (once === undefined) return within(facts, begin, work);
    const asked = askedBy(facts, once.purpose, once.request);
    return within(facts, begin, (scope) => answerOnce(scope, answers, asked, () => work(scope)));
  };

  return { call, run, runIn, system };
}

/** Whether the rights of the caller, and not an operator's trust, say what a call may do. */
function isConfined({ principal }: Call): boolean {
  return principal.type === 'person' || principal.key !== undefined;
}

/** Another caller with the same idempotency key must not get this one's answer, nor learn that the key was used. */
function askedBy(facts: Call, purpose: string, request: unknown): Asked {
  return isConfined(facts) ? { purpose, request, by: facts.principal.id } : { purpose, request };
}

/** What the audit trail keeps of a call must be text that can be kept. @throws VALIDATION_ERROR */
function requireTexts({ reason, requestId, traceparent, idempotencyKey }: Call): void {
  for (const [name, text, charsMax] of [
    ['reason', reason, limits.reasonCharsMax],
    ['requestId', requestId, 255],
    ['traceparent', traceparent, 255],
    ['idempotencyKey', idempotencyKey, 200],
  ] as const) {
    if (text === undefined || (text.length <= charsMax && text.isWellFormed() && !text.includes('\u0000')))
      continue;
    throw new DartwingError('VALIDATION_ERROR', {
      message: `${name} has at most ${charsMax} characters and holds no broken ones`,
    });
  }
}

function withoutUndefined(options: CallOptions): CallOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
