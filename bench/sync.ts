/**
 * Sync: pushes and feeds beside the plain statements that write and read the same rows, beside PouchDB, and in
 * databases of different sizes. DARTWING_BENCH_FULL=1 takes a million changes, ten million documents and ten
 * thousand organizations instead of parts of them.
 */
import pouchMemory from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';
import { createDartwing, type Dartwing } from '../src/core/index.js';
import {
  amountFigure,
  compare,
  type Figure,
  type Probe,
  printReport,
  progress,
  ratioFigure,
  timed,
} from './measure.js';
import { type BenchServer, withDatabase, withServer } from './server.js';
import { batchOf, batchSize, fillNotes, PlainWriter } from './sync-ground.js';

const full = process.env.DARTWING_BENCH_FULL === '1';
const catchUp = full ? 1_000_000 : 20_000;
const manyDocuments = full ? 10_000_000 : 200_000;
const manyOrganizations = full ? 10_000 : 1_000;
const fewDocuments = 10_000;
const pushers = 8;

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const only = process.env.DARTWING_BENCH_PART;
  const parts: [string, (server: BenchServer) => Promise<Figure[]>][] = [
    ['push', pushes],
    ['feed', feeds],
    ['pouchdb', besidePouch],
    ['documents', amongDocuments],
    ['organizations', amongOrganizations],
  ];
  const figures: Figure[] = [];
  let version = '';
  await withServer(true, async (server) => {
    version = server.version;
    for (const [name, part] of parts)
      if (only === undefined || only === name) figures.push(...(await part(server)));
  });
  const notes = [
    `PostgreSQL ${version}; a batch is ${batchSize} notes of about 170 bytes, each with an operation id; commits wait for the disk.`,
    'Floor of a push: begin, documents, head, log, commit as plain set-based statements of an administrator. A push also parses,',
    'looks for repetitions, compares versions, counts for the device, writes an audit entry and answers for each operation.',
    'PouchDB 9 keeps its documents in the memory of this process and promises no durability.',
  ];
  printReport({ bench: 'sync', figures, notes }, json);
}

async function withDartwing<T>(
  server: BenchServer,
  name: string,
  work: (ground: Ground) => Promise<T>,
): Promise<T> {
  return withDatabase(server, `sync_${name}`, async (options, admin) => {
    const dartwing = await createDartwing({ ...options, background: false });
    const plain = await Promise.all(Array.from({ length: pushers }, () => PlainWriter.open(options.url)));
    try {
      return await work({ dartwing, admin, plain, organizations: [] });
    } finally {
      await Promise.all(plain.map((each) => each.close()));
      await dartwing.close();
    }
  });
}

interface Ground {
  dartwing: Dartwing;
  admin: Parameters<typeof fillNotes>[0];
  plain: PlainWriter[];
  organizations: string[];
}

async function found(ground: Ground, count: number): Promise<string[]> {
  while (ground.organizations.length < count) {
    const slug = `org-${ground.organizations.length}`;
    const { after } = await ground.dartwing.tenancy.create({
      slug,
      type: 'company',
      owner: 'ana@bench.test',
    });
    ground.organizations.push(after!.id);
  }
  return ground.organizations.slice(0, count);
}

async function pushes(server: BenchServer): Promise<Figure[]> {
  return withDartwing(server, 'push', async (ground) => {
    const figures: Figure[] = [];
    for (const organizations of [1, 100]) {
      const ids = await found(ground, organizations);
      for (const connections of [1, pushers]) {
        const what = `push, ${connections} at once, ${organizations} organization${organizations === 1 ? '' : 's'}`;
        progress(what);
        const plain = history(connections, ids, async (writer, id, batch) => {
          await ground.plain[writer]!.write(id, batch);
        });
        const ours = history(connections, ids, (writer, id, batch) =>
          push(ground.dartwing, id, writer, batch),
        );
        const compared = await compare(plain, ours, { count: 9, warmups: 1 });
        figures.push(ratioFigure(what, compared, 2));
        const rows = connections * versions * batchSize;
        figures.push(amountFigure('  that is', (rows * 1_000) / compared.measured, 'rows/s'));
        await ground.dartwing.audit.sequence();
      }
    }
    return figures;
  });
}

const versions = 4;
let histories = 0;

/** A probe of several writers, each of which makes notes and changes them again and again. */
function history(
  writers: number,
  organizations: readonly string[],
  write: (writer: number, organization: string, batch: ReturnType<typeof batchOf>) => Promise<void>,
): Probe {
  return async () => {
    const run = ++histories;
    // What is sent is made before, as a client would have.
    const work = Array.from({ length: writers }, (_, writer) =>
      Array.from({ length: versions }, (_, index) => ({
        organization: organizations[(run * writers + writer) % organizations.length]!,
        batch: batchOf(`r${run}-w${writer}`, index + 1),
      })),
    );
    return timed(() =>
      Promise.all(
        work.map(async (list, writer) => {
          for (const { organization, batch } of list) await write(writer, organization, batch);
        }),
      ),
    )();
  };
}

async function push(
  dartwing: Dartwing,
  organization: string,
  writer: number,
  operations: ReturnType<typeof batchOf>,
): Promise<void> {
  const { results } = await dartwing.sync.push(organization, { device: `bench-${writer}`, operations });
  const wrong = results.find(({ outcome }) => outcome !== 'applied');
  if (wrong !== undefined) throw new Error(`an operation was not applied: ${JSON.stringify(wrong)}`);
}

async function feeds(server: BenchServer): Promise<Figure[]> {
  return withDartwing(server, 'feed', async (ground) => {
    const [id] = await found(ground, 1);
    const { dartwing, admin, plain } = ground;
    const begin = await endOf(dartwing, id!);
    progress(`filling ${catchUp} changes`);
    await fillNotes(admin, id!, catchUp);
    progress('feed');
    const raw = timed(() => plain[0]!.read(id!, batchSize));
    const pages = timed(() => readPages(dartwing, id!, begin));
    const counted = { count: full ? 3 : 7, warmups: full ? 0 : 1 };
    const compared = await compare(raw, pages, counted);
    let peak = 0;
    const before = process.memoryUsage().rss;
    const streams: number[] = [];
    const stream = async () => {
      let lines = 0;
      const ms = await timed(async () => {
        for await (const text of dartwing.sync.stream(id!, { doctype: 'Note', since: begin })) {
          lines += text.split('\n').length - 1;
          peak = Math.max(peak, process.memoryUsage().rss);
        }
      })();
      if (lines !== catchUp + 1) throw new Error(`the stream has ${lines} lines`);
      streams.push(ms);
      return ms;
    };
    const streamed = await compare(raw, stream, counted);
    const first = timed(async () => {
      for await (const text of dartwing.sync.stream(id!, { doctype: 'Note' })) void text;
    });
    const firstMs = await first();
    const mega = 1_048_576;
    return [
      ratioFigure(`feed pages of ${batchSize} against keyset select and JSON`, compared, 1 / 0.7),
      amountFigure('  that is', (catchUp * 1_000) / compared.measured, 'rows/s'),
      ratioFigure(`stream of ${catchUp.toLocaleString('en')} changes against the same`, streamed, 1 / 0.6),
      amountFigure('memory that came with the stream', (peak - before) / mega, 'MB', { atMost: 150 }),
      amountFigure('first sync of the same documents', (catchUp * 1_000) / firstMs, 'rows/s'),
    ];
  });
}

/** A cursor behind everything that is there. */
async function endOf(dartwing: Dartwing, organization: string): Promise<string> {
  for (let since: string | undefined; ; ) {
    const page = await dartwing.sync.feed(organization, { doctype: 'Note', since, limit: batchSize });
    if (!page.has_more) return page.next_since;
    since = page.next_since;
  }
}

/** Every page behind a cursor, as a door would send it. */
async function readPages(dartwing: Dartwing, organization: string, begin: string): Promise<void> {
  for (let since = begin; ; ) {
    const text = await dartwing.sync.feedText(organization, { doctype: 'Note', since, limit: batchSize });
    const page = JSON.parse(`${text.slice(0, text.indexOf(',"rows":['))}}`) as {
      next_since: string;
      has_more: boolean;
    };
    if (!page.has_more) return;
    since = page.next_since;
  }
}

async function besidePouch(server: BenchServer): Promise<Figure[]> {
  return withDartwing(server, 'pouchdb', async (ground) => {
    progress('beside PouchDB');
    const [id] = await found(ground, 1);
    PouchDB.plugin(pouchMemory);
    const theirs = new PouchDB('bench', { adapter: 'memory' });
    const write = history(1, [id!], async (_, __, batch) => {
      if (batch[0]!.op === 'update') return;
      await theirs.bulkDocs(batch.map(({ name, data }) => ({ _id: name, ...data })));
    });
    const ours = history(1, [id!], async (writer, organization, batch) => {
      if (batch[0]!.op === 'update') return;
      await push(ground.dartwing, organization, writer, batch);
    });
    const writes = await compare(write, ours, { count: 15 });
    const begin = await endOf(ground.dartwing, id!);
    await fillNotes(ground.admin, id!, 5_000);
    const theirNotes = new PouchDB('notes', { adapter: 'memory' });
    for (let batch = 0; batch < 10; batch++)
      await theirNotes.bulkDocs(batchOf(`n${batch}`, 1).map(({ name, data }) => ({ _id: name, ...data })));
    const readTheirs = timed(async () => {
      for (let since: number | string = 0; ; ) {
        const page = await theirNotes.changes({ since, limit: batchSize, include_docs: true });
        if (page.results.length === 0) return;
        JSON.stringify(page);
        since = page.last_seq;
      }
    });
    const read = timed(() => readPages(ground.dartwing, id!, begin));
    const reads = await compare(readTheirs, read, { count: 15 });
    await theirs.destroy();
    await theirNotes.destroy();
    return [
      ratioFigure('push of 500 against bulkDocs of PouchDB in memory', writes, 0.1),
      ratioFigure('feed pages against changes of PouchDB in memory', reads, 0.1),
    ];
  });
}

async function amongDocuments(server: BenchServer): Promise<Figure[]> {
  return withDartwing(server, 'few', async (few) =>
    withDartwing(server, 'many', async (many) => {
      const [inFew] = await found(few, 1);
      const [inMany] = await found(many, 1);
      progress(`filling ${manyDocuments} documents`);
      await fillNotes(few.admin, inFew!, fewDocuments);
      await fillNotes(many.admin, inMany!, manyDocuments);
      progress('push and feed among few and among many documents');
      return beside(
        `${manyDocuments.toLocaleString('en')} documents against ${fewDocuments.toLocaleString('en')}`,
        1.3,
        {
          few: { dartwing: few.dartwing, id: inFew! },
          many: { dartwing: many.dartwing, id: inMany! },
        },
      );
    }),
  );
}

async function amongOrganizations(server: BenchServer): Promise<Figure[]> {
  return withDartwing(server, 'ten', async (few) =>
    withDartwing(server, 'thousands', async (many) => {
      progress(`making ${manyOrganizations} organizations`);
      const fewIds = await found(few, 10);
      const manyIds = await found(many, 10);
      await fillOrganizations(many.admin, manyOrganizations - 10);
      for (const id of fewIds) await fillNotes(few.admin, id, 1_000);
      for (const id of manyIds) await fillNotes(many.admin, id, 1_000);
      progress('push and feed among few and among many organizations');
      return beside(`${manyOrganizations.toLocaleString('en')} organizations against 10`, 1.2, {
        few: { dartwing: few.dartwing, id: fewIds[0]! },
        many: { dartwing: many.dartwing, id: manyIds[0]! },
      });
    }),
  );
}

/** The same work in two databases. */
async function beside(
  what: string,
  atMost: number,
  { few, many }: Record<'few' | 'many', { dartwing: Dartwing; id: string }>,
): Promise<Figure[]> {
  const pushing = ({ dartwing, id }: typeof few) =>
    history(1, [id], (writer, organization, batch) => push(dartwing, organization, writer, batch));
  const reading = async ({ dartwing, id }: typeof few): Promise<Probe> => {
    await push(dartwing, id, 9, batchOf(`read-${++histories}`, 1));
    return timed(async () => {
      let since: string | undefined;
      for (let page = 0; page < 10; page++)
        ({ next_since: since } = await dartwing.sync.feed(id, { doctype: 'Note', since, limit: batchSize }));
    });
  };
  const pushed = await compare(pushing(few), pushing(many), { count: 11, warmups: 2 });
  const read = await compare(await reading(few), await reading(many), { count: 15 });
  return [ratioFigure(`push among ${what}`, pushed, atMost), ratioFigure(`feed among ${what}`, read, atMost)];
}

/** Organizations with 20 notes each, made behind the rooms. */
async function fillOrganizations(admin: Ground['admin'], count: number): Promise<void> {
  await admin.query(`
    begin;
    insert into organization (id, slug, org_name, org_type, linked_doctype, linked_name, region, created_at, created_by, modified_at, modified_by)
      select 'ORG-2025-' || lpad(n::text, 5, '0'), 'seed-' || n, 'seed-' || n, 'company', 'Company', 'SEED-' || lpad(n::text, 5, '0'),
        'local', now(), 'bench', now(), 'bench' from generate_series(1, ${count}) n;
    commit;
    insert into document (organization, doctype, name, version, data, created_at, created_by, modified_at, modified_by)
      select 'ORG-2025-' || lpad(n::text, 5, '0'), 'Note', 'seed-' || m, 1, jsonb_build_object('title', 'Seed', 'content', null, 'tags', null,
        'pinned', false), now(), 'bench', now(), 'bench' from generate_series(1, ${count}) n, generate_series(1, 20) m;
    insert into document_change (organization, seq, doctype, name, version, op, deleted, data, at, by)
      select d.organization, 1 + row_number() over (partition by d.organization), d.doctype, d.name, 1, 'insert', false, d.data, now(), 'bench'
      from document d where d.doctype = 'Note' and d.organization like 'ORG-2025-%';
    update document_head set seq = 21 where organization like 'ORG-2025-%';
    analyze`);
}
