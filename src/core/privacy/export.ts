/** Everything that is kept of one person, for that person (GDPR Art. 15 and 20). */
import { authorize, recordAct, type Scope } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import { opened, type Registry, recordReads } from '../documents/index.js';
import { limits } from '../limits.js';
import {
  listNamingColumns,
  pageSubjectDocuments,
  readDeeds,
  readJobs,
  readNaming,
  readPersonRow,
} from './queries.js';
import { requireSubject, subjectPaths } from './subject.js';

/** One row of the export: of a table, or of a doctype as `document Address`. */
export interface SubjectExportRow {
  table: string;
  row: Record<string, unknown>;
}

/**
 * Hands over the rows of a person, of every organization, all from one moment, and returns the counts. Others are in it by
 * their ids only.
 * @throws PERSON_NOT_FOUND, PERMISSION_DENIED, and what `write` throws
 */
export async function exportSubject(
  scope: Scope,
  registry: Registry,
  ref: string,
  write: (row: SubjectExportRow) => Promise<void> | void,
): Promise<{ person: string; counts: Record<string, number> }> {
  const { tx } = scope;
  const { id } = await requireSubject(scope, ref);
  authorize(scope, 'export', { doctype: 'Person', name: id, owner: id });
  const counts: Record<string, number> = {};
  const give = async (table: string, rows: readonly Record<string, unknown>[]) => {
    for (const row of rows) {
      counts[table] = (counts[table] ?? 0) + 1;
      await write({ table, row });
    }
  };
  await give('person', [await readPersonRow(tx, id)]);
  for (const naming of await listNamingColumns(tx))
    await give(naming.table, await readNaming(tx, naming, id, limits.subjectRowsMax));
  await give('job', await readJobs(tx, id, limits.subjectRowsMax));
  await give('deed', await readDeeds(tx, id, limits.subjectRowsMax));
  await giveDocuments(scope, registry, id, give);
  await recordAct(
    scope,
    systemOrganization,
    'person.export',
    { doctype: 'Person', name: id },
    { new: { rows: Object.entries(counts).map(([table, count]) => ({ table, count })) } },
  );
  return { person: id, counts };
}

async function giveDocuments(
  scope: Scope,
  registry: Registry,
  person: string,
  give: (table: string, rows: readonly Record<string, unknown>[]) => Promise<void>,
): Promise<void> {
  const paths = subjectPaths(registry);
  for (let after: readonly [string, string, string] = ['', '', '']; ; ) {
    const page = await pageSubjectDocuments(scope.tx, person, paths, after, limits.pageMax);
    for (const organization of new Set(page.map((row) => row.organization)))
      await recordReads(
        scope,
        registry,
        page.filter((row) => row.organization === organization && !row.deleted),
        organization,
      );
    for (const organization of new Set(page.map((row) => row.organization))) {
      const mine = page.filter((row) => row.organization === organization && !row.deleted);
      for (const { deleted: _, ...row } of await opened(scope.tx, registry, organization, mine))
        await give(`document ${row.doctype}`, [{ ...row }]);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < limits.pageMax) return;
    after = [last.organization, last.doctype, last.name];
  }
}
