import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isSigned, parseNote, parseVerifier } from '../../src/core/audit/checkpoint/note.js';
import { program, run, runShell, temporaryFolder } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Operator, operatorOf } from '../support/operator.js';

let database: TestDatabase;
let operator: Operator;
let id: string;

beforeAll(async () => {
  database = await createTestDatabase();
  operator = operatorOf(database);
  await operator.ask('org create acme --type company --owner ana@acme.test');
  ({ id } = (await operator.ask('org show acme')).document as unknown as { id: string });
  for (const name of ['One', 'Two', 'Three'])
    await operator.ask(`org update acme --name ${name} --reason ${name}`);
});

interface Entry {
  seq: number;
  action: string;
  ref: string;
  org: string;
  reason: string | null;
}

const items = async (line: string) =>
  (await operator.ask(`audit query ${line}`)).document.items as unknown as Entry[];

describe('query', () => {
  test('lists newest first, as documents with what was before and after', async () => {
    const list = await items('--org acme --action update');
    expect(list.map(({ reason }) => reason)).toEqual(['Three', 'Two', 'One']);
    expect(list[0]).toMatchObject({
      org: id,
      ref: `Organization/${id}`,
      via: 'cli',
      old: { name: 'Two' },
      new: { name: 'Three' },
    });
  });

  test.each<[string, number]>([
    ['--org acme --action "member.*"', 1],
    ['--org acme --ref Organization', 4],
    ['--org acme --since -1h', 5],
    ['--org acme --until -1h', 0],
    ['--org acme --action update --since 2000-01-01 --limit 2', 2],
    ['--org acme --actor nobody-here', 0],
    ['--org acme --phi', 0],
  ])('%s finds %i', async (flags, count) => {
    const found = await items(flags);
    expect(found.filter(({ action }) => action !== 'audit.read' && action !== 'audit.query')).toHaveLength(
      count,
    );
  });

  test('pages with a cursor, without gap or repetition', async () => {
    const whole = (await items('--org acme --until -0s')).map(({ seq }) => seq);
    const first = (await operator.ask('audit query --org acme --action update --limit 2')).document;
    const second = (
      await operator.ask(`audit query --org acme --action update --limit 2 --cursor ${String(first.cursor)}`)
    ).document;
    const seqs = [first, second].flatMap((page) => (page.items as unknown as Entry[]).map(({ seq }) => seq));
    expect(seqs).toEqual([...seqs].sort((a, b) => b - a));
    expect(new Set(seqs).size).toBe(3);
    expect(second.cursor).toBeNull();
    expect(whole.length).toBeGreaterThanOrEqual(5);
  });

  test('leaves an entry of its own: who reads the trail is in it', async () => {
    await operator.ask('audit query --org acme --reason "ticket 9"');
    const all = await items('--all');
    expect(all.find(({ reason }) => reason?.includes('ticket 9'))).toBeDefined();
  });

  test('is silent to a reader that goes away', async () => {
    const { code, stderr } = await runShell(
      'set -o pipefail; dartwing audit query --all -o ndjson | head -1',
      { env: operator.env },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('refuses what cannot be meant', async () => {
    const lines: [string, string, number][] = [
      ['query --limit 0', 'VALIDATION_ERROR', 2],
      ['query --limit 501', 'VALIDATION_ERROR', 2],
      ['query --since soon', 'VALIDATION_ERROR', 2],
      ['query --since -1h --until -2h', 'AUDIT_QUERY_INVALID', 2],
      ['query --cursor nonsense', 'AUDIT_QUERY_INVALID', 2],
      ['query --action "a*b*"', 'AUDIT_QUERY_INVALID', 2],
      ['query --org nowhere', 'ORGANIZATION_NOT_FOUND', 3],
      ['tail --since-seq 3', 'AUDIT_QUERY_INVALID', 2],
      ['tail --since-seq three', 'VALIDATION_ERROR', 2],
      ['verify --org nowhere', 'ORGANIZATION_NOT_FOUND', 3],
      ['verify --org ORG-2026-99999', 'ORGANIZATION_NOT_FOUND', 3],
    ];
    const ended: typeof lines = [];
    for (const [line] of lines) {
      const { code, exit } = await operator.fail(`audit ${line}`);
      ended.push([line, code, exit]);
    }
    expect(ended).toEqual(lines);
  });
});

describe('tail', () => {
  test('prints the trail oldest first', async () => {
    const { stdout, code } = await operator.run('audit tail --org acme -o ndjson');
    const entries = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry & { kind: string });
    expect(code).toBe(0);
    expect(entries[0]).toMatchObject({ kind: 'AuditEntry', seq: 1, action: 'create' });
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
  });

  test('--follow sees what another process does and ends on Ctrl-C with 130', async () => {
    const child = spawn(
      process.execPath,
      [program, 'audit', 'tail', '--org', 'acme', '--follow', '-o', 'ndjson'],
      {
        env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...operator.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    // It begins with what comes, so keep something coming until it does.
    for (let turn = 0; turn < 40 && !said.includes('"reason":"seen-'); turn++) {
      await operator.ask(`org update acme --name "Turn ${turn}" --reason seen-${turn}`);
      await setTimeout(250);
    }
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    const entry = JSON.parse(said.split('\n').find((line) => line.includes('"reason":"seen-'))!) as Entry;
    expect(entry).toMatchObject({ kind: 'AuditEntry', org: id, action: 'update' });
  });
});

describe('checkpoints and proofs', () => {
  test('are written, checked offline, and refused when something else is in them', async () => {
    const cwd = temporaryFolder();
    const signing = (await operator.ask('audit checkpoint')).document;
    expect(signing).toMatchObject({ kind: 'AuditSigning', refused: [] });
    await operator.run('audit checkpoint --to all.txt', { cwd });
    expect((await operator.ask('audit verify --all --anchor all.txt', { cwd })).document).toMatchObject({
      ok: true,
    });
    expect((await operator.ask('audit verify --org acme --since-checkpoint')).code).toBe(0);
    await operator.ask('audit prove acme 2 --to proof.json', { cwd });
    const [verifier] = signing.verifiers as string[];
    const proof = readFileSync(join(cwd, 'proof.json'), 'utf8');
    expect((await operator.ask(`audit check-proof proof.json --verifier ${verifier}`, { cwd })).code).toBe(0);
    writeFileSync(join(cwd, 'spoiled.json'), proof.replace('"seq": 2', '"seq": 3'));
    const spoiled = await operator.ask('audit check-proof spoiled.json', { cwd });
    expect(spoiled).toMatchObject({ code: 6, document: { ok: false, check: 'audit.proof' } });
    writeFileSync(join(cwd, 'anchor.txt'), 'nothing of ours');
    expect((await operator.fail('audit verify --anchor anchor.txt', { cwd })).code).toBe(
      'AUDIT_ANCHOR_INVALID',
    );
    expect((await operator.fail('audit prove acme 99999')).code).toBe('AUDIT_ENTRY_NOT_FOUND');
    expect((await operator.fail('audit checkpoint --rotate')).code).toBe('REASON_REQUIRED');
    expect((await operator.ask('audit checkpoint --rotate --reason yearly')).document).toMatchObject({
      op: 'create',
    });
    expect((await operator.ask('audit verify --all')).document).toMatchObject({ ok: true, findings: [] });
  });
});

describe('export and archive', () => {
  test('writes entries with their hash, signed, and for somebody alone', async () => {
    const cwd = temporaryFolder();
    const { document } = await operator.ask('audit export --org acme --to acme.ndjson --sign', { cwd });
    const text = readFileSync(join(cwd, 'acme.ndjson'));
    const manifest = JSON.parse(readFileSync(join(cwd, 'acme.ndjson.manifest.json'), 'utf8'));
    expect(document).toMatchObject({
      kind: 'Operation',
      result: { entries: manifest.entries, sha256: manifest.sha256 },
    });
    expect(createHash('sha256').update(text).digest('hex')).toBe(manifest.sha256);
    expect(text.toString().trimEnd().split('\n')).toHaveLength(manifest.entries);
    const note = parseNote(manifest.signature.note)!;
    expect(isSigned(note, [parseVerifier(manifest.signature.verifier)!])).toBe(true);
    expect(note).toMatchObject({ size: manifest.entries, root: Buffer.from(manifest.sha256, 'hex') });
    expect((await operator.fail('audit export --to acme.ndjson', { cwd })).code).toBe('BAD_FILE');
    expect((await operator.fail('audit export --to x --encrypt-to nobody', { cwd })).code).toBe(
      'VALIDATION_ERROR',
    );
    const { generateIdentity, identityToRecipient, Decrypter } = await import('age-encryption');
    const identity = await generateIdentity();
    await operator.ask(
      `audit export --org acme --to a.age --encrypt-to ${await identityToRecipient(identity)}`,
      { cwd },
    );
    const opener = new Decrypter();
    opener.addIdentity(identity);
    const opened = await opener.decrypt(readFileSync(join(cwd, 'a.age')), 'text');
    expect(opened.split('\n')[0]).toBe(text.toString().split('\n')[0]);
    expect((await items('--org acme --action audit.export')).length).toBe(2);
  });

  test('finds words anywhere in the entries of one organization', async () => {
    expect((await items('--org acme --action update --text TWO')).map(({ reason }) => reason)).toEqual([
      'Three',
      'Two',
    ]);
    expect((await operator.fail('audit query --text two')).code).toBe('AUDIT_QUERY_INVALID');
  });

  test('seals into a folder, verifies without a database, and tells what is not there', async () => {
    const cwd = temporaryFolder();
    const options = { cwd, env: { DARTWING_AUDIT_ARCHIVE: 'archive' } };
    const sealed = await operator.ask('audit seal', options);
    expect(sealed).toMatchObject({
      code: 0,
      document: { state: 'completed', result: { immutable: false, failed: [] } },
    });
    expect(sealed.stderr).toContain('not immutable');
    const offline = await run(['audit', 'verify', '--offline', './archive', '--json'], { cwd });
    expect({ code: offline.code, ...(JSON.parse(offline.stdout) as object) }).toMatchObject({
      code: 0,
      ok: true,
      findings: [],
    });
    // What an embedded database seals without being told where is found without being told where, too.
    cpSync(join(cwd, 'archive'), join(cwd, '.dartwing/audit-archive-not-immutable'), { recursive: true });
    const own = await run(['audit', 'verify', '--offline', 'archive', '--json'], { cwd });
    expect(JSON.parse(own.stdout)).toMatchObject({ ok: true });
    expect((await operator.ask('audit restore --reason test --yes', options)).document).toMatchObject({
      done: 0,
    });
    expect((await operator.fail('audit seal')).code).toBe('ARCHIVE_NOT_SET');
    expect((await operator.fail('audit verify --offline nowhere', { cwd })).code).toBe('BAD_FILE');
    expect((await operator.fail('audit recover --reason x')).code).toBe('CONFIRMATION_REQUIRED');
  });
});

describe('verify', () => {
  test('proves every trail, exit 0', async () => {
    expect(await operator.ask('audit verify --all')).toMatchObject({
      code: 0,
      document: { kind: 'Report', check: 'audit.verify', ok: true, findings: [] },
    });
    expect((await operator.run('audit verify --org acme')).stdout).toMatch(
      /^\d+ entries of 1 trails: nothing is wrong\n$/,
    );
  });

  test.each<[string, string, number, string]>([
    [
      'a change',
      'change',
      2,
      "update audit_event set body = convert_to(replace(convert_from(body, 'utf8'), 'One', 'Won'), 'utf8') where organization = $org and convert_from(body, 'utf8') like '%\"reason\":\"One\"%'",
    ],
    ['a deletion', 'deletion', 3, 'delete from audit_event where organization = $org and seq = 3'],
    [
      'a reordering',
      'reordering',
      2,
      'update audit_event set seq = 5 - seq where organization = $org and seq in (2, 3)',
    ],
    [
      'an insertion',
      'insertion',
      4,
      "insert into audit_event select organization, seq, at + interval '1 microsecond', action, actor_type, 'somebody', via, doctype, document_name, is_phi, request_id, body, leaf, chain from audit_event where organization = $org and seq = 4",
    ],
    ['a truncation', 'truncation', 5, 'delete from audit_event where organization = $org and seq >= 5'],
  ])('names the first broken link after %s by a superuser, exit 6', async (_, kind, seq, attack) => {
    await database.admin.query('alter table audit_event disable trigger user');
    await database.admin.query('create temp table kept as select * from audit_event');
    try {
      await database.admin.query(attack.replaceAll('$org', `'${id}'`));
      const { code, document } = await operator.ask('audit verify --org acme');
      expect({ code, document }).toMatchObject({
        code: 6,
        document: {
          ok: false,
          findings: [{ id: `audit.${kind}`, organization: id, severity: 'fail' }],
          summary: { fail: 1 },
        },
      });
      const [finding] = document.findings as { seq: number; what: string }[];
      if (kind !== 'change') expect(finding!.seq).toBe(seq);
      if (kind !== 'truncation') return;
      // For people it reads alike whatever the kind, and doctor tells of it too.
      expect((await operator.run('audit verify --all')).stdout).toContain(finding!.what);
      expect((await operator.ask('doctor --only audit')).code).toBe(6);
    } finally {
      await database.admin.query('delete from audit_event where exists (select from kept)');
      await database.admin.query('insert into audit_event select * from kept');
      await database.admin.query('drop table kept');
      await database.admin.query('alter table audit_event enable always trigger audit_event_immutable');
    }
  });
});
