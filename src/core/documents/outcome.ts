/** The end of a write: audit entry, event and answer. */
import { type Change, changeDocument, reachIn, recordAct, type Scope } from '../access/index.js';
import { findSensitive, graveKinds } from '../sensitive.js';
import type { DocumentRow } from './change-queries.js';
import type { Data, Doctype } from './doctype.js';
import { type Document, documentOf, without } from './document.js';
import { project, recordReads } from './projector.js';
import type { Registry } from './registry.js';

export type DocumentChange = Change<Document>;

/** Records, tells and answers what was written. */
export async function changed(
  scope: Scope,
  doctype: Doctype,
  registry: Registry,
  action: 'create' | 'update' | 'delete' | 'undelete',
  old: DocumentRow | null,
  current: DocumentRow,
): Promise<DocumentChange> {
  const organization = scope.tx.organization!;
  const { before, after } = await shownSides(
    scope,
    registry,
    doctype,
    old,
    action === 'delete' ? null : current,
  );
  const sensitive = sensitiveFields(doctype);
  const warnings = after === null ? [] : warningsOf(doctype, old, current);
  const audit = await recordAct(
    scope,
    organization,
    `document.${action}`,
    { doctype: doctype.name, name: current.name, organization, owner: current.owner ?? undefined },
    {
      old: before && !before.deleted ? without(old!.data, sensitive) : null,
      new: after && without(current.data, sensitive),
      isPhi: doctype.isPhi,
      subject: subjectOf(doctype, current.data),
    },
  );
  await scope.events.publish(scope, 'documents.changed', {
    organization,
    doctypes: [doctype.name],
    names: [current.name],
  });
  return changeDocument(scope, {
    op: action === 'create' || action === 'delete' ? action : 'update',
    ref: `document/${doctype.name}/${current.name}`,
    before,
    after,
    audit,
    ...(warnings.length === 0 ? {} : { warnings }),
  });
}

/** Both sides of a change as the caller sees them; whoever changes health information is shown it. */
async function shownSides(
  scope: Scope,
  registry: Registry,
  doctype: Doctype,
  old: DocumentRow | null,
  current: DocumentRow | null,
): Promise<{ before: Document | null; after: Document | null }> {
  const reach = reachIn(scope, 'read', doctype.name);
  const side = (row: DocumentRow | null) =>
    row && documentOf(scope.tx.organization!, row, project(scope, doctype, reach, row));
  const [before, after] = [side(old), side(current)];
  await recordReads(
    scope,
    registry,
    [before, after].filter((document) => document !== null),
  );
  return { before, after };
}

/** The answer where nothing had to be written. */
export async function unchanged(
  scope: Scope,
  registry: Registry,
  doctype: Doctype,
  row: DocumentRow,
): Promise<DocumentChange> {
  const { after: document } = await shownSides(scope, registry, doctype, null, row);
  const ref = `document/${doctype.name}/${row.name}`;
  return changeDocument(scope, { op: 'none', ref, before: document, after: document, audit: null });
}

/** Fields that are not sealed and look as if they should be. The text itself is not repeated. */
function warningsOf(
  { fields, sealedPaths }: Doctype,
  old: DocumentRow | null,
  current: DocumentRow,
): string[] {
  const sealed = new Set(sealedPaths.map(([field]) => field));
  return Object.entries(current.data).flatMap(([field, value]) => {
    if (typeof value !== 'string' || sealed.has(field) || value === old?.data[field] || !fields.has(field))
      return [];
    const kinds = new Set(findSensitive(value, graveKinds).map(({ kind }) => kind));
    return kinds.size === 0
      ? []
      : [`${field} looks as if it held sensitive data (${[...kinds].join(', ')}), and is not marked as such`];
  });
}

/** Whom a document is about, where its doctype says so. */
function subjectOf({ definition }: Doctype, data: Data): string | undefined {
  const named = definition.subject.map((field) => data[field]).find((value) => typeof value === 'string');
  return named as string | undefined;
}

/** Fields whose values do not belong into the audit trail, which nobody may erase. */
function sensitiveFields({ phiFields, sealedPaths }: Doctype): ReadonlySet<string> {
  return new Set([...phiFields.map((path) => path.split('.')[0]!), ...sealedPaths.map(([field]) => field)]);
}
