/**
 * Access: who acts (principal), in what (scope: one transaction, one call), whether they may (authorize), and the
 * events by which one room causes something in another within the same transaction.
 *
 * A person may do what four layers let through: the system roles of the account, a grant for the organization (an
 * active membership with its grant), the rules of the role template, and masks of single fields. The rules are data
 * (templates/permissions); an explicit deny wins, a key nobody knows stops the start. Rights are compiled once and
 * kept in the process; a stamp that every change moves in its own transaction is read with the first statement of
 * every call, so nobody reads with rights that were taken away before.
 *
 * ```ts
 * authorize(scope, 'write', { doctype: 'Task', name, organization, owner });           // throws PERMISSION_DENIED
 * const mine = build.selectFrom('org_member').where(filterFor(scope, 'read', 'Org Member')).selectAll();
 * const may = await authorizeMany(scope, 'delete', refs);                                // [true, false, …]
 * ```
 *
 * Limits: `access…` in limits.ts. Audit: permission.rebuild for each organization that changed; the log of grants is
 * a table of its own that triggers write.
 */
export { actions } from './actions.js';
export { authorize, isAuthorized, requireSignedIn } from './authorize.js';
export { authorizeMany } from './batch.js';
export { type Change, changeDocument, recordAct } from './change.js';
export type { AccessContext } from './context.js';
export { type Contexts, openContexts, readShipped } from './contexts.js';
export type { Decision, DecisionLayer } from './decision.js';
export { type AccessDoorbell, accessDoorbell } from './doorbell.js';
export { type DomainEvents, type Events, eventBoard, type OrganizationFacts } from './events.js';
export { requireWritable, withoutHidden } from './fields.js';
export { filterFor, newestAcross } from './filter.js';
export { type AnswerSeal, dropAnswersNaming, keyOfPart } from './idempotency.js';
export { type MissingIndex, missingIndexes } from './indexes.js';
export { isKeyPermission, type KeyBounds } from './key.js';
export type { Principal, Ref } from './principal.js';
export type { Mismatch } from './queries.js';
export {
  deleteGrants as dropGrants,
  insertGrants as addGrants,
  type Mismatch as GrantMismatch,
  selectMismatches,
} from './queries.js';
export { type Reach, reaches, reachIn } from './reach.js';
export { type GrantLog, type GrantRebuild, type PermissionVerbs, permissionVerbs } from './room.js';
export type { DoctypeRights } from './rulebook.js';
export type { Call, CallOptions, Scope, Via } from './scope.js';
export { type AccessSources, openSession, type Session } from './session.js';
