import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { openTestDartwing } from '../support/database.js';
import { atEnd } from '../support/ending.js';

const archive = mkdtempSync(join(tmpdir(), 'dartwing-erasure-'));
atEnd(() => rmSync(archive, { recursive: true }));
const { database, dartwing, clock } = await openTestDartwing({
  audit: { archive: { place: archive } },
  doctypes: [
    {
      doctype: 'Chart',
      naming: { rule: 'client' },
      subject: ['patient'],
      fields: [
        { name: 'patient', type: 'Link', options: 'Person' },
        { name: 'finding', type: 'Text', phi: true },
        { name: 'remark', type: 'Text' },
      ],
    },
  ],
});
const { documents, privacy, people, tenancy } = dartwing;
const because = { reason: 'asked for on 23 November' };
/** Stands in everything that is Mara's; the other one in everything that is Otto's. */
const markers = { mara: 'Quizzical', otto: 'Zephyrine' };
const ids: Record<string, string> = {};
const subjects = ['Address', 'Employment Record', 'Presence', 'Notification', 'Chart', 'Family Relationship'];

/** Documents of every doctype with a subject, about one person. */
async function chart(who: 'mara' | 'otto', org: string): Promise<void> {
  const person = ids[who]!;
  const text = (word: string) => `${markers[who]} ${word}`;
  await create(org, 'Address', { address_line1: text('street'), city: 'Bern', person });
  await create(org, 'Employment Record', { person, job_title: text('nurse'), start_date: '2026-01-01' });
  await create(org, 'Presence', { person, place: text('kitchen') });
  await create(org, 'Notification', { for_person: person, subject: text('note') });
  await create(org, 'Chart', { patient: person, finding: text('flu'), remark: text('cough') });
  await create(org, 'Family Relationship', { person, related_person: ids.third, notes: text('brother') });
}

/** Creates and changes a document; what a doctype requires besides is filled in. */
async function create(org: string, doctype: string, given: object): Promise<void> {
  const { fields } = await documents.doctypes.show(doctype);
  const known = Object.entries(given).filter(([name]) => fields.some((field) => field.name === name));
  const required = fields
    .filter((field) => field.required && !(field.name in given) && field.default === undefined)
    .map((field) => [field.name, Array.isArray(field.options) ? field.options[0] : 'x'] as const);
  const data = Object.fromEntries([...known, ...required]);
  const made = await documents.create(org, doctype, { data });
  const [text] = Object.entries(data).filter(([, value]) => String(value).includes(' '));
  if (text !== undefined)
    await documents.update(org, doctype, made.after!.name, { [text[0]]: `${text[1]} again` });
}

/** Every row of every table as text; bytes as what they say. */
async function dump(): Promise<string[]> {
  const { rows: tables } = await database.admin.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'dartwing'::regnamespace and relkind in ('r', 'p') and not relispartition",
  );
  const lines: string[] = [];
  for (const { name } of tables) {
    const { rows } = await database.admin.query<{ text: string }>(`select t::text as text from ${name} t`);
    for (const { text } of rows) lines.push(`${name}: ${decoded(text)}`.toLowerCase());
  }
  return lines;
}

/** Every object of the archive as text, and as what is encoded in it. */
function archived(): string[] {
  return readdirSync(archive, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .flatMap((file) => {
      const bytes = readFileSync(join(file.parentPath, file.name));
      const text = (file.name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
      const inside = text.match(/[A-Za-z0-9+/]{24,}={0,2}/g) ?? [];
      return [text, ...inside.map((each) => Buffer.from(each, 'base64').toString('latin1'))];
    })
    .map((text) => text.toLowerCase());
}

function decoded(text: string): string {
  return text.replace(/\\+x([0-9a-f]+)/g, (_, hex: string) => Buffer.from(hex, 'hex').toString('latin1'));
}

const holding = (lines: readonly string[], word: string) =>
  lines.filter((line) => line.includes(word.toLowerCase())).map((line) => line.slice(0, 200));

const exported = async (person: string) => {
  const rows: { table: string; row: Record<string, unknown> }[] = [];
  await privacy.export(person, (row) => void rows.push(row), because);
  return rows;
};

beforeAll(async () => {
  for (const slug of ['acme', 'bolt', 'held'])
    await tenancy.create({ slug, type: 'company', owner: `owner@${slug}.test` });
  for (const who of ['mara', 'otto', 'third'] as const) {
    const marker = who === 'third' ? 'Third' : markers[who];
    const { after } = await people.person.create({
      primary_email: `${marker}.${who}@acme.test`,
      first_name: marker,
      last_name: `${marker}son`,
      mobile_no: who === 'mara' ? '+12025550147' : undefined,
      source: 'import',
    });
    ids[who] = after!.id;
    for (const slug of ['acme', 'bolt']) await people.member.add(slug, after!.id, 'Employee');
  }
  for (const who of ['mara', 'otto'] as const) for (const slug of ['acme', 'bolt']) await chart(who, slug);
  await people.person.update(
    ids.mara!,
    { last_name: `${markers.mara}dottir` },
    { idempotencyKey: 'rename-of-mara' },
  );
  await privacy.consent.decide('acme', ids.mara!, { category: 'marketing', granted: true, terms: 'v1' });
});

test('T-C6 consents have a history, and the newest of a category holds', async () => {
  const decide = (category: string, granted: boolean, terms?: string) =>
    privacy.consent.decide('acme', ids.otto!, { category, granted, terms });
  await decide('analytics', true, 'v1');
  expect((await decide('analytics', true, 'v1')).op).toBe('none');
  clock.advance(1000);
  await decide('analytics', false, 'v2');
  const { granted, history } = await privacy.consent.show('acme', ids.otto!);
  expect(granted).toEqual({ essential: true, analytics: false, marketing: false, third_party: false });
  expect(history.map((event) => [event.granted, event.terms])).toEqual([
    [false, 'v2'],
    [true, 'v1'],
  ]);
  await expect(decide('essential', false)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  await expect(decide('mail', true)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  expect((await privacy.consent.show('bolt', ids.otto!)).history).toEqual([]);
});

test('T-C5 an export holds every doctype that is about the person, of every organization, and nobody else', async () => {
  const rows = await exported(ids.mara!);
  for (const doctype of subjects)
    expect(rows.filter(({ table }) => table === `document ${doctype}`).length, doctype).toBe(2);
  expect(rows.map(({ table }) => table)).toEqual(
    expect.arrayContaining(['person', 'org_member', 'user_account', 'consent_event']),
  );
  const text = JSON.stringify(rows);
  expect(text).toContain(markers.mara);
  expect(text).not.toContain(markers.otto);
});

test('the trail shows personal values to whoever may read it, and holds them sealed', async () => {
  const { items } = await dartwing.audit.query({
    organization: 'SYSTEM',
    doctype: 'Person',
    name: ids.mara!,
  });
  expect(JSON.stringify(items)).toContain(`${markers.mara}dottir`);
  const trail = (await dump()).filter((line) => line.startsWith('audit_'));
  expect(holding(trail, markers.mara)).toEqual([]);
});

test('answers that are kept for repetitions stand sealed, and are given again', async () => {
  const kept = (await dump()).filter((line) => /^(org_)?idempotency:/.test(line));
  expect(kept.length).toBeGreaterThan(0);
  expect(holding(kept, markers.mara)).toEqual([]);
  expect(holding(kept, ids.mara!)).toEqual([]);
  const again = await people.person.update(
    ids.mara!,
    { last_name: `${markers.mara}dottir` },
    { idempotencyKey: 'rename-of-mara' },
  );
  expect(again.after).toMatchObject({ last_name: `${markers.mara}dottir`, version: 2 });
  // Moved to another row it opens no more.
  await database.admin.query(
    "insert into idempotency select 'other', request, answer, at, sealed_answer from idempotency",
  );
  await expect(
    people.person.update(ids.mara!, { last_name: `${markers.mara}dottir` }, { idempotencyKey: 'other' }),
  ).rejects.toThrow();
  await database.admin.query("delete from idempotency where key = 'other'");
});

test('a rehearsal says what would go and leaves it', async () => {
  const { after, dry_run } = await privacy.erase(ids.mara!, { ...because, dryRun: true });
  expect([dry_run, after?.counts.documents, after?.counts.memberships]).toEqual([true, 12, 2]);
  expect((await exported(ids.mara!)).length).toBeGreaterThan(12);
});

test('refuses without a reason, for the last supervisor, under legal hold, and while a job is about the person', async () => {
  await expect(privacy.erase(ids.mara!)).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
  await expect(privacy.erase('owner@acme.test', because)).rejects.toMatchObject({ code: 'LAST_SUPERVISOR' });
  await people.member.add('held', ids.third!, 'Employee');
  await tenancy.update('held', { legal_hold: true });
  await expect(privacy.erase(ids.third!, because)).rejects.toMatchObject({ code: 'LEGAL_HOLD' });
  dartwing.jobs.define('letter', { handler: async () => null });
  await dartwing.jobs.submit('acme', 'letter', { to: ids.mara!, name: markers.mara });
  await expect(privacy.erase(ids.mara!, because)).rejects.toMatchObject({ code: 'ERASURE_BLOCKED' });
  await database.admin.query('create temp table dead as select * from job');
  await database.admin.query("update dead set state = 'dead_letter', triage = 'pending', ended_at = now()");
  await database.admin.query('insert into job_dead_letter select * from dead');
  await database.admin.query('delete from job');
});

test('T-C5 after the erasure nothing of the person is in the database, others keep all of theirs, and every chain holds', async () => {
  const documentsOf = (rows: Awaited<ReturnType<typeof exported>>) =>
    rows.filter(({ table }) => table.startsWith('document '));
  const before = documentsOf(await exported(ids.otto!));
  await dartwing.audit.seal();
  const change = await privacy.erase(ids.mara!, because);
  expect(change.after).toMatchObject({
    person: ids.mara,
    counts: { documents: 12, memberships: 2, jobs: 1, answers: 1 },
  });
  const { items } = await dartwing.audit.query({
    organization: 'SYSTEM',
    doctype: 'Person',
    name: ids.mara!,
  });
  expect(JSON.stringify(items)).toContain('"erased":true');
  const lines = await dump();
  expect(holding(lines, markers.mara)).toEqual([]);
  expect(holding(lines, '2025550147')).toEqual([]);
  expect(holding(lines, markers.otto).length).toBeGreaterThan(10);
  expect(documentsOf(await exported(ids.otto!))).toEqual(before);
  expect(await dartwing.audit.verify()).toMatchObject({ ok: true });
  // Nor in the archive, which nobody can change: neither in what was sealed before, nor in what comes after.
  await dartwing.audit.seal();
  const objects = archived();
  expect(objects.join('').includes('person.erase')).toBe(true);
  for (const word of [markers.mara, '2025550147']) expect(holding(objects, word)).toEqual([]);
  expect((await dartwing.audit.verifyArchive()).ok).toBe(true);
  // Nor in what an organization takes with it.
  const taken: string[] = [];
  for (const slug of ['acme', 'bolt'])
    await dartwing.export.organization(slug, (row) => void taken.push(JSON.stringify(row).toLowerCase()));
  expect(holding(taken, markers.mara)).toEqual([]);
  expect(holding(taken, markers.otto).length).toBeGreaterThan(5);
});

test('devices are told to let go, and a second erasure says when the first was', async () => {
  const { rows } = await dartwing.sync.feed('acme', { doctype: ['Address', 'Chart'], tombstones: true });
  expect(rows.filter(({ deleted }) => deleted)).toHaveLength(2);
  await expect(privacy.erase(ids.mara!, because)).rejects.toMatchObject({ code: 'PERSON_ERASED' });
  await expect(
    privacy.consent.decide('acme', ids.mara!, { category: 'marketing', granted: true }),
  ).rejects.toMatchObject({ code: 'PERSON_ERASED' });
});

test('nobody takes or erases the data of another', async () => {
  const otto = { principal: { type: 'person' as const, id: ids.otto! } };
  await expect(privacy.export(ids.third!, () => {}, otto)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  });
  await expect(privacy.erase(ids.third!, { ...otto, ...because })).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  });
});
