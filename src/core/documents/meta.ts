/** What clients need to know of a doctype to show and check a form (requirements §24). Pure. */
import type { Definition, Field } from './definition.js';
import type { Doctype } from './doctype.js';

/** The document `Doctype`. */
export interface DoctypeMeta {
  api_version: 'dartwing/v1';
  kind: 'Doctype';
  doctype: string;
  version: number;
  module: string;
  description: string;
  title_field: string | null;
  naming: Definition['naming'];
  owner_field: string | null;
  fields: readonly Field[];
  permissions: Definition['permissions'];
  conflicts: Definition['conflicts'] | null;
  indexes: readonly string[];
  retention: Definition['retention'];
  /** It mirrors a record of another room, and clients only read it. */
  read_only: boolean;
  fingerprint: string;
}

export function metaOf({ definition, fingerprint, isWritable }: Doctype): DoctypeMeta {
  const { doctype, version, module, description, title_field, naming, owner_field } = definition;
  const { fields, permissions, conflicts, indexes, retention } = definition;
  return {
    api_version: 'dartwing/v1',
    kind: 'Doctype',
    doctype,
    version,
    module,
    description,
    title_field: title_field ?? null,
    naming,
    owner_field: owner_field ?? null,
    fields,
    permissions,
    conflicts: conflicts ?? null,
    indexes,
    retention,
    read_only: !isWritable,
    fingerprint,
  };
}
