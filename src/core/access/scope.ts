/** What a verb works in: one transaction, one principal, one reason. */
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import type { AccessContext } from './context.js';
import type { AccessDoorbell } from './doorbell.js';
import type { Events } from './events.js';
import type { Principal } from './principal.js';

/** Through which door a call came. */
export type Via = 'cli' | 'http' | 'job' | 'system' | 'library';

/** Facts of one call, the same for every verb it runs. */
export interface Call {
  principal: Principal;
  via: Via;
  reason?: string | undefined;
  requestId?: string | undefined;
  /** The trace that it belongs to, as the header of W3C Trace Context; jobs that it submits go on with it. */
  traceparent?: string | undefined;
  /** Carry the call out once, however often it is made within a day. */
  idempotencyKey?: string | undefined;
  /** Do everything and roll back. */
  dryRun?: boolean | undefined;
  /**
   * Sees the scope and the answer before the transaction ends: for doors that also tell the caller what else they may
   * do. It may be called again when the transaction is tried again, and must not write.
   */
  witness?: ((scope: Scope, answer: unknown) => void) | undefined;
}

/** Facts of one call that differ from the defaults given when dartwing was opened. */
export type CallOptions = Partial<Call>;

export interface Scope extends Call {
  readonly tx: Tx;
  readonly clock: Clock;
  readonly events: Events;
  /** Told of persons whose rights change. */
  readonly doorbell: Pick<AccessDoorbell, 'ringAfter'>;
  /** Rights of the principal, when it is a person; as they are in this transaction. */
  readonly access?: AccessContext | undefined;
}
