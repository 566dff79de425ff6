import pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSyncWorld } from './world.js';

type World = Awaited<ReturnType<typeof openSyncWorld>>;

const dayMs = 86_400_000;

let world: World;
let org: Awaited<ReturnType<World['found']>>;

beforeAll(async () => {
  world = await openSyncWorld();
});

beforeEach(async () => {
  org = await world.found('ben');
});

const notes = (count: number, prefix = 'n') =>
  Array.from({ length: count }, (_, index) => ({
    op: 'insert' as const,
    doctype: 'Note',
    name: `${prefix}${String(index).padStart(4, '0')}`,
    data: { title: `${prefix}${index}` },
  }));

const pushNotes = async (count: number, prefix = 'n') => {
  for (let from = 0; from < count; from += 500)
    await world.push(org.slug, 'desk', notes(count, prefix).slice(from, from + 500));
};

const feed = (since?: string, limit = 500, doctype = 'Note') =>
  world.dartwing.sync.feed(org.slug, { doctype, limit, since });

describe('paging', () => {
  it('T-S2 hands out 1,200 rows with equal times in three pages, each row once', async () => {
    const start = await feed();
    await pushNotes(1_200);
    for (const first of [undefined, start.next_since]) {
      const { rows, pages } = await world.pull(org.slug, { doctype: 'Note', limit: 500, since: first });
      expect(pages).toBe(3);
      expect(rows.map(({ name }) => name)).toEqual(notes(1_200).map(({ name }) => name));
      expect(new Set(rows.map(({ modified }) => modified)).size).toBe(1);
    }
  });

  it('joins the first sync with what changes meanwhile, without gap and without repetition', async () => {
    await pushNotes(30);
    let page = await feed(undefined, 10);
    const seen = [...page.rows];
    for (let round = 0; page.has_more; round++) {
      const edit = { op: 'update', doctype: 'Note', base_version: 1, data: { title: 'edited' } } as const;
      if (round < 3)
        await world.push(org.slug, 'desk', [
          { ...edit, name: `n000${round}` },
          { ...edit, name: `n002${9 - round}` },
          { op: 'insert', doctype: 'Note', name: `m${round}`, data: { title: 'new' } },
        ]);
      page = await feed(page.next_since, 10);
      seen.push(...page.rows);
    }
    const last = new Map(seen.map(({ name, version }) => [name, version]));
    expect(last.size).toBe(33);
    expect(last.get('n0000')).toBe(2);
    expect(last.get('n0029')).toBe(2);
    const keys = seen.map(({ name, version }) => `${name}@${version}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('sends of several changes the newest, and tombstones without data', async () => {
    await pushNotes(2);
    const { next_since } = await feed();
    const edit = (version: number) =>
      ({
        op: 'update',
        doctype: 'Note',
        name: 'n0000',
        base_version: version,
        data: { title: `v${version}` },
      }) as const;
    for (const version of [1, 2, 3]) await world.push(org.slug, 'desk', [edit(version)]);
    await world.push(org.slug, 'desk', [{ op: 'delete', doctype: 'Note', name: 'n0001', base_version: 1 }]);
    const page = await feed(next_since);
    expect(page.rows).toMatchObject([
      { name: 'n0000', version: 4, deleted: false, data: { title: 'v3', content: null } },
      { name: 'n0001', version: 2, deleted: true, data: null },
    ]);
    expect((await feed()).rows.map(({ name }) => name)).toEqual(['n0000']);
    const all = await world.pull(org.slug, { doctype: 'Note', tombstones: true });
    expect(all.rows.map(({ name, deleted }) => [name, deleted])).toEqual([
      ['n0000', false],
      ['n0001', true],
    ]);
  });

  it('ends a page early when its rows are large, and goes on', async () => {
    const large = notes(30).map((note) => ({ ...note, data: { ...note.data, content: 'x'.repeat(60_000) } }));
    await world.push(org.slug, 'desk', large);
    const first = await feed();
    expect(first.rows.length).toBeLessThan(30);
    const { rows } = await world.pull(org.slug, { doctype: 'Note', limit: 500 });
    expect(rows).toHaveLength(30);
  });

  it('streams everything as lines of JSON that end with a cursor', async () => {
    await pushNotes(25);
    const lines: unknown[] = [];
    for await (const text of world.dartwing.sync.stream(org.slug, { doctype: 'Note', limit: 10 }))
      lines.push(
        ...text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
    expect(lines).toHaveLength(26);
    const last = lines.at(-1) as { next_since: string; has_more: boolean };
    expect(last.has_more).toBe(false);
    expect((await feed(last.next_since)).rows).toEqual([]);
  });

  it('misses no change of 32 writers that commit in another order than they began', async () => {
    const writers = 32;
    const each = 4;
    // DARTWING_TEST_HOLD_MS=1000 holds transactions open for seconds.
    const holdMs = Number(process.env.DARTWING_TEST_HOLD_MS ?? 15);
    const { slug } = org;
    const begin = (await feed()).next_since;
    let writing = true;
    const reader = async () => {
      const seen = new Map<string, number>();
      let since = begin;
      for (let last = false; ; ) {
        const page = await feed(since, 50);
        for (const { name, version } of page.rows) {
          expect(version).toBeGreaterThan(seen.get(name) ?? 0);
          seen.set(name, version);
        }
        since = page.next_since;
        if (page.has_more) continue;
        if (last) return seen;
        last = !writing;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    /** A transaction that begins long before it writes, and ends when others that began later are over. */
    const follow = async (client: pg.Client, name: string, title: string, ms: number) => {
      await client.query('begin');
      await client.query('select txid_current(), pg_sleep($1)', [ms / 1_000]);
      await client.query(`select document_follow('Note', $1, $2, null, $3::jsonb, true)`, [
        org.id,
        name,
        JSON.stringify({ title, content: null, tags: null, pinned: false }),
      ]);
      await client.query('commit');
    };
    const write = async (writer: number) => {
      const client = new pg.Client({
        connectionString: world.database.url,
        options: '-c search_path=dartwing',
      });
      await client.connect();
      try {
        for (let index = 0; index < each; index++) {
          const name = `w${writer}-${index % 2}`;
          const version = Math.floor(index / 2);
          const data = { title: `${index}` };
          const op = version === 0 ? 'insert' : 'update';
          if ((index + writer) % 2 === 0)
            await world.push(slug, `d${writer}`, [
              { op, doctype: 'Note', name, base_version: version, data },
            ]);
          else await follow(client, name, data.title, holdMs * (1 + ((index * 7 + writer * 3) % 4)));
        }
      } finally {
        await client.end();
      }
    };
    const readers = [reader(), reader()];
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    writing = false;
    for (const seen of await Promise.all(readers)) {
      expect(seen.size).toBe(writers * 2);
      expect([...seen.values()].every((version) => version === 2)).toBe(true);
    }
    const { rows } = await world.database.admin.query(
      'select count(*)::int as count, max(seq)::int as max from document_change where organization = $1',
      [org.id],
    );
    expect(rows[0].count).toBe(rows[0].max);
  }, 120_000);
});

describe('a cursor', () => {
  it('T-S5 of 31 days ago asks for a full resync, also when nothing was forgotten yet', async () => {
    await pushNotes(3);
    const { next_since } = await feed();
    // Changes bear the time of the database.
    world.clock.set(new Date(Date.now() + 31 * dayMs));
    await expect(feed(next_since)).rejects.toMatchObject({ code: 'FULL_RESYNC_REQUIRED' });
    const dry = await world.dartwing.sync.compact(org.slug, undefined, { dryRun: true });
    // Writers go on while it forgets: here it waits for somebody who holds what is to go.
    const { admin } = world.database;
    await admin.query('begin');
    await admin.query('select from document_change where organization = $1 for update', [org.id]);
    const compacting = world.dartwing.sync.compact(org.slug);
    const waiting =
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await expect.poll(async () => (await admin.query(waiting)).rowCount).toBe(1);
    await pushNotes(1);
    await admin.query('commit');
    const done = await compacting;
    expect(done).toEqual(dry);
    expect(done.changes).toBeGreaterThanOrEqual(3);
    expect((await feed()).rows).toHaveLength(3);
  });

  it('is refused when it was changed, or belongs to another organization or person', async () => {
    await pushNotes(1);
    const { next_since } = await feed();
    const other = await world.found();
    const request = { doctype: 'Note', since: next_since };
    const invalid = { code: 'SYNC_CURSOR_INVALID' };
    await expect(world.dartwing.sync.feed(other.slug, request)).rejects.toMatchObject(invalid);
    const call = { principal: org.owner.principal };
    await expect(world.dartwing.sync.feed(org.slug, request, call)).rejects.toMatchObject(invalid);
    const middle = Math.floor(next_since.length / 2);
    const letter = next_since[middle] === 'A' ? 'B' : 'A';
    for (const since of [
      next_since.slice(0, -3),
      `${next_since.slice(0, middle)}${letter}${next_since.slice(middle + 1)}`,
      'nonsense',
      'x'.repeat(40_000),
      '1',
    ])
      await expect(feed(since)).rejects.toMatchObject(invalid);
  });

  it('may be a time, which sends again rather than too little', async () => {
    const before = world.clock.now().toISOString();
    await pushNotes(2);
    const { rows } = await world.pull(org.slug, { doctype: 'Note', since: before });
    expect(rows.map(({ name }) => name)).toEqual(['n0000', 'n0001']);
    const long = new Date(world.clock.now().getTime() - 40 * dayMs).toISOString();
    await expect(feed(long)).rejects.toMatchObject({ code: 'FULL_RESYNC_REQUIRED' });
  });

  it('goes on with the doctypes it has and begins with those that are added', async () => {
    await pushNotes(2);
    await world.push(org.slug, 'desk', [
      { op: 'insert', doctype: 'Contact', name: 'c', data: { full_name: 'C' } },
    ]);
    const first = await feed();
    await world.push(org.slug, 'desk', [
      { op: 'insert', doctype: 'Note', name: 'later', data: { title: 'L' } },
    ]);
    const { rows, since } = await world.pull(org.slug, { doctype: 'Note,Contact', since: first.next_since });
    expect(rows.map(({ name }) => name)).toEqual(['c', 'later']);
    expect((await world.pull(org.slug, { doctype: 'Note,Contact', since })).rows).toEqual([]);
  });

  it('begins a doctype again whose form the client was not built for', async () => {
    await pushNotes(1);
    const ask = (version: number, since?: string) =>
      world.dartwing.sync.feed(org.slug, { doctype: 'Note', since, schemas: { Note: version } });
    const first = await ask(1);
    expect((await ask(1, first.next_since)).resets).toEqual([]);
    const again = await ask(2, first.next_since);
    expect(again.resets).toEqual([{ doctype: 'Note', reason: 'schema_changed' }]);
    expect(again.rows).toHaveLength(1);
  });

  it('ends when an operator asks a device to begin again', async () => {
    const ask = (since?: string) =>
      world.dartwing.sync.feed(org.slug, { doctype: 'Note', since, device: 'tablet' });
    const { next_since } = await ask();
    await world.dartwing.sync.resync(org.slug, 'tablet');
    await expect(ask(next_since)).rejects.toMatchObject({ code: 'FULL_RESYNC_REQUIRED' });
    const fresh = await ask();
    expect((await ask(fresh.next_since)).has_more).toBe(false);
    await expect(world.dartwing.sync.resync(org.slug, 'nobody')).rejects.toMatchObject({
      code: 'SYNC_CLIENT_NOT_FOUND',
    });
  });

  it.each([
    [{ doctype: '' }, 'VALIDATION_ERROR'],
    [{ doctype: 'Nothing' }, 'DOCTYPE_UNKNOWN'],
    [{ doctype: 'Note', limit: 0 }, 'VALIDATION_ERROR'],
    [{ doctype: 'Note', limit: 1.5 }, 'VALIDATION_ERROR'],
    [{ doctype: 'Note', protocol: 2 }, 'SYNC_PROTOCOL'],
    [{ doctype: 'Note', device: 'a\nb' }, 'VALIDATION_ERROR'],
    [{ doctype: 'Note', since: 7 }, 'SYNC_CURSOR_INVALID'],
    [null, 'VALIDATION_ERROR'],
  ])('is not given for %j', async (request, code) => {
    await expect(world.dartwing.sync.feed(org.slug, request as never)).rejects.toMatchObject({ code });
  });
});

describe('rights', () => {
  it('T-S6 refuse the feed to whoever left the organization', async () => {
    const [ben] = org.members;
    await pushNotes(1);
    const { since } = await world.pull(org.slug, { doctype: 'Note' }, ben);
    await world.dartwing.people.member.remove(org.slug, ben!.person);
    for (const cursor of [since, undefined])
      await expect(world.pull(org.slug, { doctype: 'Note', since: cursor }, ben)).rejects.toMatchObject({
        code: 'SYNC_REVOKED',
      });
  });

  it('show nothing of one organization in the feed of another', async () => {
    const other = await world.found();
    await pushNotes(3);
    const doctype = (await world.dartwing.documents.doctypes.list()).map((each) => each.doctype);
    const { rows } = await world.pull(other.slug, { doctype }, other.owner);
    expect(JSON.stringify(rows)).not.toContain(org.id);
    expect(rows.filter((row) => row.doctype === 'Note')).toEqual([]);
    await expect(world.pull(org.slug, { doctype }, other.owner)).rejects.toMatchObject({
      code: 'SYNC_REVOKED',
    });
  });

  it('leave out fields that the role hides', async () => {
    const { slug, owner, members } = org;
    const [ben] = members;
    const record = { person: ben!.person, job_title: 'Nurse', start_date: '2026-01-01', salary: 4000 };
    await world.push(slug, 'desk', [{ op: 'insert', doctype: 'Employment Record', data: record }]);
    const mine = await world.pull(slug, { doctype: 'Employment Record' }, ben);
    expect(mine.rows).toHaveLength(1);
    expect(mine.rows[0]!.data).not.toHaveProperty('salary');
    const hers = await world.pull(slug, { doctype: 'Employment Record' }, owner);
    expect(hers.rows[0]!.data).toMatchObject({ salary: 4000 });
  });

  it('revoke a document that is somebody else’s from now on', async () => {
    const { slug, owner, members } = org;
    const [ben] = members;
    const record = { person: ben!.person, job_title: 'Nurse', start_date: '2026-01-01' };
    const [made] = await world.push(slug, 'desk', [
      { op: 'insert', doctype: 'Employment Record', data: record },
    ]);
    const { since } = await world.pull(slug, { doctype: 'Employment Record' }, ben);
    const move = { op: 'update', doctype: 'Employment Record', name: made!.name!, base_version: 1 } as const;
    await world.push(slug, 'desk', [{ ...move, data: { person: owner.person } }]);
    const after = await world.pull(slug, { doctype: 'Employment Record', since }, ben);
    expect(after.rows).toMatchObject([{ name: made!.name, deleted: true, reason: 'revoked', data: null }]);
    expect((await world.pull(slug, { doctype: 'Employment Record' }, ben)).rows).toEqual([]);
  });

  it('begin a doctype again when a role changes what of it is seen, and revoke it when nothing is left', async () => {
    const { slug, members } = org;
    const [ben] = members;
    await world.push(slug, 'desk', [{ op: 'insert', doctype: 'Task', name: 't', data: { title: 'T' } }]);
    const request = { doctype: 'Task,Note' };
    const before = await world.pull(slug, request, ben);
    expect(before.rows.map(({ name }) => name)).toEqual(['t']);
    await world.dartwing.people.member.update(slug, ben!.person, { role: 'Contractor' });
    const after = await world.pull(slug, { ...request, since: before.since }, ben);
    expect(after.resets).toEqual([{ doctype: 'Task', reason: 'access_changed' }]);
    expect(after.rows).toEqual([]);
  });
});

describe('records of other rooms', () => {
  const records = { doctype: 'Organization,Person,Org Member,Equipment' };

  it('are in the feed as documents and follow every change, however it is made', async () => {
    const { slug } = org;
    const first = await world.pull(slug, records);
    expect(first.rows.filter(({ doctype }) => doctype === 'Org Member')).toHaveLength(2);
    const { after } = await world.dartwing.equipment.create(slug, { equipment_name: 'Van' });
    await world.dartwing.tenancy.update(slug, { name: 'Renamed' });
    const second = await world.pull(slug, { ...records, since: first.since });
    expect(second.rows).toMatchObject([
      { doctype: 'Equipment', name: after!.id, version: 1, data: { equipment_name: 'Van' } },
      { doctype: 'Organization', data: { org_name: 'Renamed' } },
    ]);
    await world.dartwing.equipment.delete(slug, after!.id);
    const [ben] = org.members;
    await world.dartwing.people.member.remove(slug, ben!.person);
    const third = await world.pull(slug, { ...records, since: second.since });
    expect(third.rows.map(({ doctype, name, deleted }) => [doctype, name, deleted])).toEqual([
      ['Equipment', after!.id, true],
      ['Org Member', expect.any(String), false],
      ['Person', ben!.person, true],
    ]);
  });
});

describe('devices', () => {
  it('are known with their lag, their queue and what became of their operations', async () => {
    const { slug } = org;
    const pull = (since?: string) =>
      world.dartwing.sync.feed(slug, { doctype: 'Note', since, device: 'phone', queue_depth: 4 });
    const { next_since } = await pull();
    await pull(next_since);
    world.clock.advance(1_000);
    await pushNotes(3);
    world.clock.advance(60_000);
    const [phone] = (await world.dartwing.sync.clients(slug)).filter(({ device }) => device === 'phone');
    expect(phone).toMatchObject({ state: 'online', lag_ms: 60_000, queue_depth: 4 });
    const status = await world.dartwing.sync.status(slug);
    expect(status).toMatchObject({
      state: 'ok',
      lag: { max_ms: 60_000 },
      queue_depth: 4,
      clients: { online: 2 },
    });
    expect((await world.dartwing.sync.lag(slug, { by: 'entity' })).items).toMatchObject([
      { ref: 'Note', max_ms: 60_000 },
    ]);
    expect((await world.dartwing.sync.lag(slug, { by: 'org' })).items).toMatchObject([
      { ref: slug, max_ms: 60_000 },
    ]);
    const later = new Date(world.clock.now().getTime() + 1);
    for (const by of ['client', 'doctype', 'org'] as const)
      expect((await world.dartwing.sync.lag(slug, { by, since: later })).items).toEqual([]);
    for (const wrong of [{ by: 'ward' as 'org' }, { since: new Date(Number.NaN) }])
      await expect(world.dartwing.sync.lag(slug, wrong)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await pull(next_since);
    expect(
      (await world.dartwing.sync.lag(slug, { by: 'client' })).items.every(({ max_ms }) => max_ms === 0),
    ).toBe(true);
    const [ben] = org.members;
    await expect(world.dartwing.sync.status(slug, { principal: ben!.principal })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });
});
