/** One document, or its versions, as the principal may see them. */
import { type Reach, reachIn, requireSignedIn, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { parsePage } from '../input.js';
import type { DocumentRow } from './change-queries.js';
import type { Doctype } from './doctype.js';
import { type Document, type DocumentVersions, documentOf, versionOf } from './document.js';
import { project, recordReads } from './projector.js';
import type { Registry } from './registry.js';
import { findDocument, pageVersions } from './store.js';

/** One document. @throws DOCTYPE_UNKNOWN, DOCUMENT_NOT_FOUND (also when it may not be read), UNAUTHENTICATED */
export async function showDocument(
  scope: Scope,
  registry: Registry,
  ref: { doctype: string; name: string },
): Promise<Document> {
  const { row, doctype, reach } = await readOne(scope, registry, ref, false);
  const data = project(scope, doctype, reach, row);
  await recordReads(scope, registry, [{ doctype: doctype.name, name: row.name, data }]);
  return documentOf(scope.tx.organization!, row, data);
}

/** The versions of a document that the log still has, also of a deleted one. @throws as showing */
export async function listVersions(
  scope: Scope,
  registry: Registry,
  ref: { doctype: string; name: string },
  page: { limit?: number; offset?: number } = {},
): Promise<DocumentVersions> {
  const { limit, offset } = parsePage(page);
  const { row: current, doctype, reach } = await readOne(scope, registry, ref, true);
  const rows = await pageVersions(scope.tx, registry, scope.tx.organization!, ref, limit, offset);
  const items = rows.map((row) =>
    versionOf(row, row.data && project(scope, doctype, reach, { ...current, data: row.data })),
  );
  await recordReads(
    scope,
    registry,
    items.map(({ data }) => ({ doctype: doctype.name, name: current.name, data })),
  );
  return {
    api_version: 'dartwing/v1',
    kind: 'DocumentVersionList',
    ref: `document/${ref.doctype}/${ref.name}`,
    items,
    limit,
    offset,
  };
}

async function readOne(
  scope: Scope,
  registry: Registry,
  ref: { doctype: string; name: string },
  deletedToo: boolean,
): Promise<{ row: DocumentRow; doctype: Doctype; reach: Reach }> {
  requireSignedIn(scope);
  const doctype = registry.get(ref.doctype);
  const reach = reachIn(scope, 'read', doctype.name);
  const row = await findDocument(scope.tx, registry, scope.tx.organization!, ref);
  const { whole, own, names } = reach;
  const mine = row !== undefined && (whole || row.owner === (own ?? '') || names.has(row.name));
  if (mine && (deletedToo || !row.deleted)) return { row, doctype, reach };
  throw new DartwingError('DOCUMENT_NOT_FOUND', { ref: `${ref.doctype}/${ref.name.slice(0, 140)}` });
}
