/**
 * Access: who acts (principal), in what (scope: one transaction, one call), whether they may (authorize), and the
 * events by which one room causes something in another within the same transaction.
 */

export { type Change, changeDocument, recordAct } from './change.js';
export { type DomainEvents, type Events, eventBoard, type OrganizationFacts } from './events.js';
export { authorize, type Principal, type Ref } from './principal.js';
export type { Call, CallOptions, Scope, Via } from './scope.js';
export { openSession, type Session } from './session.js';
