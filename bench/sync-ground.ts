/** What bench/sync measures against: the plain statements that store the same rows, and organizations full of notes. */
import pg from 'pg';

export const batchSize = 500;

/** An operation of a push, and what its document is made of. */
export interface NoteEdit {
  id: string;
  op: 'insert' | 'update';
  doctype: 'Note';
  name: string;
  base_version: number;
  data: { title: string; content: string; tags: string[]; pinned: boolean };
}

let edits = 0;

/** One batch: new notes, or the next version of those of a batch before. About 170 bytes of JSON each. */
export function batchOf(prefix: string, version: number): NoteEdit[] {
  return Array.from({ length: batchSize }, (_, index) => ({
    id: `op-${++edits}`,
    op: version === 1 ? 'insert' : 'update',
    doctype: 'Note',
    name: `${prefix}-${index}`,
    base_version: version - 1,
    data: {
      title: `Note ${index} of ${prefix}`,
      content: `Version ${version} of a text that a nurse wrote on a tablet in a cellar without any network, ${edits}`,
      tags: ['ward', 'night'],
      pinned: false,
    },
  }));
}

/**
 * The floor of a push: the same rows by plain set-based statements in one transaction. Nothing is checked, compared,
 * answered or written to the audit trail.
 */
export class PlainWriter {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<PlainWriter> {
    const client = new pg.Client({ connectionString: url, options: '-c search_path=dartwing' });
    await client.connect();
    return new PlainWriter(client);
  }

  async write(organization: string, batch: readonly NoteEdit[]): Promise<void> {
    const rows = JSON.stringify(batch);
    const at = new Date();
    const isNew = batch[0]!.op === 'insert';
    await this.#client.query('begin');
    await this.#query(isNew ? 'bench_insert' : 'bench_update', isNew ? insertDocuments : updateDocuments, [
      organization,
      rows,
      at,
    ]);
    const head = await this.#query('bench_head', takeNumbers, [organization, batch.length]);
    await this.#query('bench_log', insertChanges, [organization, rows, at, Number(head.rows[0].seq)]);
    await this.#client.query('commit');
  }

  /** Pages of the log by its key as JSON, to the end; returns how many rows there were. */
  async read(organization: string, limit: number): Promise<number> {
    let after = 0;
    for (let count = 0; ; ) {
      const { rows } = await this.#query('bench_page', readPage, [organization, after, limit]);
      if (rows.length === 0) return count;
      after = Number(rows.at(-1)!.seq);
      count += rows.length;
      this.sent += JSON.stringify({ rows, next_since: String(after) }).length;
    }
  }

  /** Characters of the pages, so that nobody leaves their encoding out. */
  sent = 0;

  close(): Promise<void> {
    return this.#client.end();
  }

  #query(name: string, text: string, values: unknown[]) {
    return this.#client.query({ name, text, values });
  }
}

const source = `jsonb_to_recordset($2::jsonb) as s (id text, op text, doctype text, name text, base_version integer, data jsonb)`;
const insertDocuments = `insert into document (organization, doctype, name, version, owner, data, created_at, created_by, modified_at, modified_by)
  select $1, doctype, name, 1, null, data, $3, 'bench', $3, 'bench' from ${source}`;
const updateDocuments = `update document d set version = s.base_version + 1, data = s.data, modified_at = $3, modified_by = 'bench'
  from ${source} where d.organization = $1 and d.doctype = s.doctype and d.name = s.name`;
const takeNumbers = `update document_head set seq = seq + $2 where organization = $1 returning seq`;
const insertChanges = `insert into document_change (organization, seq, doctype, name, version, op, deleted, owner, data, at, by, origin, operation, request)
  select $1, $4::bigint - jsonb_array_length($2::jsonb) + row_number() over (), doctype, name, base_version + 1, op, false, null, data, $3, 'bench',
    'bench/' || name, id, 'sixteen-letters-' from ${source}`;
const readPage = `select seq, doctype, name, version, deleted, at, data from document_change
  where organization = $1 and seq > $2 order by seq limit $3`;

/** Fills an organization with notes and their changes, as so many pushes would have. */
export async function fillNotes(admin: pg.Client, organization: string, count: number): Promise<void> {
  const { rows } = await admin.query<{ seq: number }>(
    'update document_head set seq = seq + $2 where organization = $1 returning (seq - $2)::float8 as seq',
    [organization, count],
  );
  const first = rows[0]!.seq;
  const data = `jsonb_build_object('title', 'Seed ' || n, 'tags', jsonb_build_array('ward'), 'pinned', false,
    'content', 'A text that was written long before anybody measured anything, number ' || n)`;
  const step = 100_000;
  for (let from = 1; from <= count; from += step) {
    const numbers = `generate_series(${from}, ${Math.min(count, from + step - 1)}) n`;
    await admin.query(`
      insert into document (organization, doctype, name, version, data, created_at, created_by, modified_at, modified_by)
      select '${organization}', 'Note', 'seed-' || n, 1, ${data}, now(), 'bench', now(), 'bench' from ${numbers}`);
    await admin.query(`
      insert into document_change (organization, seq, doctype, name, version, op, deleted, data, at, by, origin, operation, request)
      select '${organization}', ${first} + n, 'Note', 'seed-' || n, 1, 'insert', false, ${data}, now(), 'bench', 'seed', 'seed-' || n,
        'sixteen-letters-' from ${numbers}`);
  }
  await admin.query('analyze document, document_change, document_head');
}
