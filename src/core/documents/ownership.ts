/** Whose a document is. Pure. */
import type { Scope } from '../access/index.js';
import type { Data, Doctype } from './doctype.js';

/** Whose a new document is. */
export function ownerOfNew({ principal }: Scope, { definition }: Doctype, data: Data): string | null {
  const named = definition.owner_field === undefined ? null : data[definition.owner_field];
  if (typeof named === 'string') return named;
  return principal.type === 'person' ? principal.id : null;
}

/** Whose it is after a change; undefined when the change says nothing about it. */
export function ownerOfChange({ definition }: Doctype, changes: Data): string | null | undefined {
  const field = definition.owner_field;
  if (field === undefined || !Object.hasOwn(changes, field)) return undefined;
  return (changes[field] as string | null) ?? null;
}
