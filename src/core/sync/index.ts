/**
 * Sync: clients work offline for weeks, come back, and everybody ends with the same documents.
 *
 * `feed` hands out changes in the order of their commits, behind a sealed cursor: documents from their beginning, then
 * what changed, as far as the caller may see it; what may not be seen any more is revoked. `push` takes what a client did
 * while it was away: each operation once, each with a result of its own. Edits that met are resolved by the rules of the
 * doctype; whatever loses is kept in a conflict record.
 *
 * ```ts
 * const page = await dartwing.sync.feed('acme', { doctype: 'Task,Note', since, limit: 500 }, { principal });
 * const { results } = await dartwing.sync.push('acme', { device, operations }, { principal });
 * ```
 *
 * docs/sync-protocol.md is the protocol. Limits: `feed…`, `push…`, `conflict…` in limits.ts. Audit: sync.push for each
 * batch that wrote something, with every document and its version; conflict.resolve; sync.rules; sync.replay; sync.resync; sync.compact.
 */
export type { LagList, SyncClient, SyncStatus } from './clients.js';
export type { SyncCompaction } from './compact.js';
export { openExported } from './conflict-seal.js';
export type { ConflictDecision, ConflictDocument, ConflictList, ListConflictsInput } from './conflicts.js';
export type { SyncCourse } from './course.js';
export { dropSync } from './followers.js';
export type { ConflictProposal } from './proposal.js';
export type {
  FeedPage,
  FeedRequest,
  FeedReset,
  FeedRow,
  Operation,
  OperationResult,
  PushAnswer,
  PushRequest,
} from './protocol.js';
export type { Replay, ReplayInput } from './replay.js';
export { type Conflicts, type Sync, type SyncRules, syncVerbs } from './room.js';
export { tryRules } from './rule-cases.js';
export type { SyncRuleSet } from './rule-set.js';
