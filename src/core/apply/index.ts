/**
 * Apply: documents that say how organizations shall be, a plan of what that changes, and its execution.
 *
 * The shape that `show -o yaml` prints is the shape that may be applied; keys that nobody may set (id, version,
 * status, times) are ignored, unknown keys are mistakes with their line. A plan holds the documents and a
 * fingerprint of the state it saw; executing it later refuses (PLAN_STALE) when that state has changed, unless it is
 * told to go on. Each
 * organization is one transaction, so one that fails harms no other. Applying twice changes nothing the second time.
 *
 * Limits: 1,000 documents, 1 MiB a file, 10,000 members an organization.
 */
export type { SourceFile, WantedOrganization } from './document.js';
export type { Action, FieldChange, Plan } from './plan.js';
export {
  type ApplyOptions,
  type ApplyResult,
  type ApplyVerbs,
  applyVerbs,
  type ExecuteOptions,
  parseDocuments,
} from './room.js';
