/**
 * Documents: records of doctypes, and doctypes are data (templates/doctypes, or brought by a module at run time).
 *
 * A doctype says its fields, how documents get their names, whose they are, who may do what with them and how edits
 * that met are resolved. A document is one row; every version of it stands in the log of its organization, numbered
 * without gaps in the order of commits. Row and log are written by one statement (`writeChanges`), for one document as
 * for a batch, and each writer says which version it saw.
 *
 * ```ts
 * const task = await dartwing.documents.create('acme', 'Task', { data: { title: 'Call Ana', status: 'Open' } });
 * await dartwing.documents.update('acme', 'Task', task.after!.name, { status: 'Done' }, { ifVersion: 1 });
 * await dartwing.documents.list('acme', 'Task', { filters: [['status', '=', 'Done']], order_by: 'due_date desc' });
 * ```
 *
 * Links are checked inside the organization. A deleted document leaves a tombstone, for clients and for `undelete`.
 * Records of other rooms (Organization, Person, Org Member, Equipment) are here to be read: the database keeps their
 * documents equal to them; Equipment is also written, through sync and by the verbs of its room. Limits: `doctype…`, `document…` in limits.ts, 500 documents a page. Audit:
 * document.create, update, delete, undelete, without the values of fields that are PHI; phi.read with the names of the
 * fields, for every document with health information that somebody is shown.
 */

export { isAgreementOver } from './agreement-queries.js';
export { countUnsealed } from './backfill.js';
export { type Attempt, findBarred, requireUnbarred } from './bars.js';
export {
  type ChangeRow,
  type DocumentRow,
  findExisting,
  nextNumbers,
  type VersionRow,
  type Written,
} from './change-queries.js';
export type { Definition, DefinitionInput } from './definition.js';
export { denied, filled, linkMissing, nameInvalid, requireFields } from './demands.js';
export { type Data, type Doctype, type LinkTo, refuseTooLarge } from './doctype.js';
export type { Document, DocumentList, DocumentVersions } from './document.js';
export { dropDocuments } from './followers.js';
export { findFailedControl } from './guard.js';
export type { IndexRun } from './indexes.js';
export { buildIndexes, unbuiltIndexes } from './indexes.js';
export { openIndexing } from './indexing.js';
export type { ListInput } from './list.js';
export { followMergedPerson, relinked } from './merge.js';
export type { DoctypeMeta } from './meta.js';
export { ownerOfChange, ownerOfNew } from './ownership.js';
export { doctypeRights } from './permissions.js';
export { project, recordReads, type Seen } from './projector.js';
export { openRegistry, type Registry } from './registry.js';
export { type Doctypes, type DocumentCourse, type Documents, documentVerbs } from './room.js';
export { showDocument } from './show.js';
export { findVersionsSince, lockDocuments, opened, writeChanges } from './store.js';
export { isName, isPlain } from './values.js';
export type { Kept } from './vault.js';
export { shredDocuments, shredForgotten } from './vault-queries.js';
