/** What the server has after a history, read behind its verbs. */
import type { Dartwing } from '../core/index.js';

type Data = Readonly<Record<string, unknown>>;

export interface DocumentRow {
  doctype: string;
  name: string;
  version: number;
  data: Data;
}

export interface VersionRow {
  doctype: string;
  name: string;
  version: number;
  data: Data | null;
}

export interface ConflictRow {
  id: string;
  doctype: string;
  name: string;
  strategy: string;
  status: string;
  decision: string | null;
  fields: string[];
  operation: string | null;
  client: Data | null;
}

export interface ServerState {
  documents: DocumentRow[];
  versions: VersionRow[];
  conflicts: ConflictRow[];
}

const documentsStatement = `select doctype, name, version, data from document
  where organization = $1 and doctype = any ($2) and not deleted`;
const versionsStatement = `select doctype, name, version, data from document_change
  where organization = $1 and doctype = any ($2) order by seq`;
const conflictsStatement = `select id, doctype, name, strategy, status, decision, fields, operation, client from sync_conflict
  where organization = $1 order by id`;

/** Documents of some doctypes with all of their versions, and every conflict on file. */
export function readState(
  dartwing: Pick<Dartwing, 'asOrg'>,
  organization: string,
  doctypes: readonly string[],
): Promise<ServerState> {
  return dartwing.asOrg(organization, async (tx) => {
    const [documents, versions, conflicts] = await Promise.all([
      tx.query<DocumentRow & Record<string, unknown>>(documentsStatement, [organization, doctypes]),
      tx.query<VersionRow & Record<string, unknown>>(versionsStatement, [organization, doctypes]),
      tx.query<ConflictRow & Record<string, unknown>>(conflictsStatement, [organization]),
    ]);
    return { documents: documents.rows, versions: versions.rows, conflicts: conflicts.rows };
  });
}

/** Makes every cursor invalid, as a restore from a copy does. */
export async function forgetCursors(dartwing: Pick<Dartwing, 'asOrg'>, organization: string): Promise<void> {
  const text = 'update document_head set generation = gen_random_uuid()::text where organization = $1';
  await dartwing.asOrg(organization, (tx) => tx.query(text, [organization]));
}

/** Deletes what a history left in its organization, so that the next one finds it as it was. */
export async function clearHistory(
  dartwing: Pick<Dartwing, 'asOrg'>,
  organization: string,
  doctypes: readonly string[],
): Promise<void> {
  await dartwing.asOrg(organization, async (tx) => {
    await Promise.all([
      ...['document', 'document_change'].map((table) =>
        tx.query(`delete from ${table} where organization = $1 and doctype = any ($2)`, [
          organization,
          doctypes,
        ]),
      ),
      ...['sync_device', 'sync_operation', 'sync_conflict'].map((table) =>
        tx.query(`delete from ${table} where organization = $1`, [organization]),
      ),
    ]);
  });
}
