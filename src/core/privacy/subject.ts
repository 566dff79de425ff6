/** Who a request is about, and which documents are. */
import type { Scope } from '../access/index.js';
import type { Registry } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { findSubject, type SubjectPath, type SubjectRow } from './queries.js';

/** @throws PERSON_NOT_FOUND */
export async function requireSubject(scope: Scope, ref: string, lock = false): Promise<SubjectRow> {
  const found = await findSubject(scope.tx, ref.trim(), lock);
  if (found === undefined) throw new DartwingError('PERSON_NOT_FOUND', { ref: ref.slice(0, 254) });
  return found;
}

/** The fields by which doctypes say that a document is about a person. */
export function subjectPaths(registry: Registry): SubjectPath[] {
  return registry
    .all()
    .filter(({ isRecord }) => !isRecord)
    .flatMap(({ name, definition }) => definition.subject.map((field) => ({ doctype: name, field })));
}

/** The version that tells clients to let go of a document. */
export function tombstone({ doctype, name, version }: { doctype: string; name: string; version: number }) {
  return {
    doctype,
    name,
    base: version,
    version: version + 1,
    op: 'delete' as const,
    wasDeleted: false,
    deleted: true,
    final: true,
    data: '{}',
    owner: undefined,
  };
}
