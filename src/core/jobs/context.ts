/** What a handler gets besides its input. */
import type { Principal, Scope } from '../access/index.js';

export interface JobContext {
  readonly id: string;
  readonly type: string;
  /** Id of the organization; nothing of another can be reached from here. */
  readonly organization: string;
  /** Who submitted it: transactions have the rights that this one has now. */
  readonly principal: Principal;
  /** From 1. With the id it tells one try from another, for services that take such a key. */
  readonly attempt: number;
  /** The trace of this run, for services that go on with it: header `traceparent` of W3C Trace Context. */
  readonly traceparent: string;
  /** Aborted when the job is canceled, has run out of time, or belongs to another worker. */
  readonly signal: AbortSignal;
  /** Tells how far it is; written down at most once a second. */
  progress(percent: number, message?: string): void;
  /** @throws JOB_CANCELED, TIMED_OUT, JOB_LEASE_LOST: a place where the job may stop */
  checkpoint(): void;
  /**
   * A transaction bound to the organization. It fails, with everything in it, when the job is no longer this worker's.
   * @throws JOB_LEASE_LOST, ORGANIZATION_NOT_FOUND (dissolved meanwhile), DATABASE_*
   */
  transaction<T>(work: (scope: Scope) => Promise<T>): Promise<T>;
  /**
   * Completes the job within such a transaction: its effects and its end are one, so they happen exactly once.
   * @throws JOB_LEASE_LOST
   */
  complete(scope: Scope, output?: unknown): Promise<void>;
}
