import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runShell, temporaryFolder } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Operator, operatorOf, rowsHash } from '../support/operator.js';

let database: TestDatabase;
let operator: Operator;

beforeAll(async () => {
  database = await createTestDatabase();
  operator = operatorOf(database);
  await operator.ask('org create acme --type company --owner ana@acme.test --name "Acme Clinic"');
});

let made = 0;
async function found(flags = '--type company'): Promise<string> {
  const slug = `org-${++made}`;
  await operator.ask(`org create ${slug} ${flags}`);
  return slug;
}

/** What lines that fail end with, all together leaving every row as it was. */
async function outcomes(lines: readonly string[]): Promise<[line: string, code: string, exit: number][]> {
  const before = await rowsHash(database);
  const ended: [string, string, number][] = [];
  for (let at = 0; at < lines.length; at += 4) {
    const batch = lines.slice(at, at + 4);
    const refusals = await Promise.all(batch.map((line) => operator.fail(line)));
    refusals.forEach(({ code, exit }, index) => {
      ended.push([batch[index]!, code, exit]);
    });
  }
  expect(await rowsHash(database)).toBe(before);
  return ended;
}

describe('every verb answers with a document of its kind', () => {
  test('create, update, suspend, restore, delete, restore, delete, purge', async () => {
    const slug = `life-${++made}`;
    const lines: [string, Record<string, unknown>][] = [
      [
        `create ${slug} --type club --owner pia@acme.test --tier pro`,
        { op: 'create', after: { type: 'association' } },
      ],
      [
        `update ${slug} --name "Tennis Club" --set mfa_required=true --set association.amenities=77 --if-version 1`,
        {
          op: 'update',
          after: { name: 'Tennis Club', mfa_required: true, association: { amenities: '77' } },
        },
      ],
      [`update ${slug} --name "Tennis Club"`, { op: 'none', audit: null }],
      [`suspend ${slug} --until +7d --reason unpaid --yes`, { after: { status: { state: 'suspended' } } }],
      [`restore ${slug} --reason paid`, { after: { status: { state: 'active' } } }],
      [
        `delete ${slug} --reason over --confirm ${slug} --purge-after 0`,
        { op: 'delete', undo: `dartwing org restore ${slug} --reason "…"` },
      ],
      [`restore ${slug} --reason no`, { op: 'update' }],
      [`dissolve ${slug} --reason over --confirm ${slug}`, { op: 'delete' }],
      [`purge ${slug} --reason over --confirm ${slug}`, { op: 'delete', after: null }],
    ];
    for (const [line, expected] of lines) {
      const { document, code } = await operator.ask(`org ${line}`);
      expect(document).toMatchObject({ kind: 'Change', dry_run: false, ref: `org/${slug}`, ...expected });
      expect(code).toBe(0);
    }
    expect(await operator.fail(`org show ${slug}`)).toMatchObject({
      code: 'ORGANIZATION_NOT_FOUND',
      exit: 3,
    });
  });

  test('list, show, verify, repair', async () => {
    expect((await operator.ask('org list')).document).toMatchObject({
      kind: 'OrgList',
      limit: 20,
      offset: 0,
    });
    const parts = await operator.ask('org show acme --with usage,keys,concrete');
    expect(parts.document).toMatchObject({
      company: { legal_name: expect.any(String) },
      status: { usage: { invitations_pending: 0, jobs_queued: 0 }, keys: [] },
    });
    expect((await operator.ask('org show acme --with members')).document).toMatchObject({
      kind: 'Org',
      members: [{ email: 'ana@acme.test', role: 'Owner' }],
    });
    expect(await operator.ask('org verify acme')).toMatchObject({
      code: 0,
      document: { kind: 'Report', ok: true },
    });
    expect(await operator.ask('org repair acme --yes')).toMatchObject({
      code: 0,
      document: { kind: 'Bulk', done: [], failed: [] },
    });
  });

  test('purge --due, as a Bulk of what was done', async () => {
    const slugs = await Promise.all([found(), found()]);
    for (const slug of slugs)
      await operator.ask(`org delete ${slug} --reason over --confirm ${slug} --purge-after 0`);
    const line = 'org purge --due --reason daily --confirm due --idempotency-key daily';
    const { document } = await operator.ask(line);
    expect(document).toMatchObject({ kind: 'Bulk', failed: [], summary: { done: 2, failed: 0 } });
    expect((await operator.ask(line)).document).toMatchObject({ summary: { done: 0 } });
  });

  test('switch, for the commands that follow', async () => {
    const env = { HOME: temporaryFolder() };
    expect((await operator.ask('org switch acme', { env })).document).toMatchObject({
      kind: 'Context',
      org: 'acme',
    });
    expect((await operator.ask('org show @current', { env })).document).toMatchObject({ slug: 'acme' });
    expect((await operator.ask('org switch --clear', { env })).document).toMatchObject({ org: null });
    expect(await operator.fail('org show @current', { env })).toMatchObject({
      code: 'ORGANIZATION_REQUIRED',
    });
    expect(await operator.fail('org switch nowhere', { env })).toMatchObject({ exit: 3 });
  });
});

describe('export', () => {
  test('writes a file for each table and a manifest with counts and hashes', async () => {
    const cwd = temporaryFolder();
    const { document } = await operator.ask('org export acme --to out', { cwd });
    const result = document.result as Record<string, unknown>;
    expect(document).toMatchObject({ kind: 'Operation', verb: 'org.export', state: 'completed' });
    expect(result).toMatchObject({
      slug: 'acme',
      path: 'out',
      record_count: { organization: 1, company: 1, org_member: 1 },
      expires_at: null,
    });
    const { createHash } = await import('node:crypto');
    const files = result.files as { name: string; rows: number; size_bytes: number; sha256: string }[];
    expect(readdirSync(join(cwd, 'out')).sort()).toEqual(
      [...files.map(({ name }) => name), 'manifest.json'].sort(),
    );
    for (const { name, rows, size_bytes, sha256 } of files) {
      const bytes = readFileSync(join(cwd, 'out', name));
      expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([size_bytes, sha256]);
      expect(
        bytes
          .toString()
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
      ).toHaveLength(rows);
    }
    const { document: trail } = await operator.ask('audit query --org acme --action export');
    const rows = Object.entries(result.record_count as object).map(([table, count]) => ({ table, count }));
    expect(trail).toMatchObject({ items: [{ new: { rows } }] });
  });

  test('streams every row on stdout, and only those of the organization', async () => {
    const { stdout, code } = await operator.run('org export acme --to -');
    expect(code).toBe(0);
    const { id } = (await operator.ask('org show acme')).document;
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; table: string; row: Record<string, unknown> });
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(['ExportRow']));
    expect(
      new Set(rows.map(({ table, row }) => (table === 'organization' ? row.id : row.organization))),
    ).toEqual(new Set([id]));
  });

  test('takes some tables only, as CSV that no spreadsheet takes for formulas', async () => {
    const cwd = temporaryFolder();
    const slug = 'formulas';
    await operator.ask(`org create ${slug} --type company --name "=1+1, 'quoted'"`);
    const line = `org export ${slug} --to out --entities organization,company --format csv`;
    const { document } = await operator.ask(line, { cwd });
    expect(document.result).toMatchObject({ format: 'csv', record_count: { organization: 1, company: 1 } });
    expect(readdirSync(join(cwd, 'out')).sort()).toEqual([
      'company.csv',
      'manifest.json',
      'organization.csv',
    ]);
    const { parse } = await import('csv-parse/sync');
    const text = readFileSync(join(cwd, 'out/organization.csv'), 'utf8');
    const [row] = parse(text, { columns: true }) as Record<string, string>[];
    expect(row).toMatchObject({ slug, org_name: "'=1+1, 'quoted'", legal_hold: 'false' });
    expect(
      await operator.fail(`org export ${slug} --to other --entities organisation`, { cwd }),
    ).toMatchObject({
      code: 'VALIDATION_ERROR',
      message: expect.stringContaining('did you mean organization?'),
    });
    expect(readdirSync(cwd)).toEqual(['out']);
  });

  test('--encrypt-to leaves nothing readable but the manifest, and each identity opens the files', async () => {
    const cwd = temporaryFolder();
    const { Decrypter, generateX25519Identity, identityToRecipient } = await import('age-encryption');
    const identities = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
    const recipients = await Promise.all(identities.map((identity) => identityToRecipient(identity)));
    const { document } = await operator.ask(
      `org export acme --to out ${recipients.map((key) => `--encrypt-to ${key}`).join(' ')}`,
      { cwd },
    );
    expect(document.result).toMatchObject({ encrypted_to: recipients });
    const bytes = readFileSync(join(cwd, 'out/organization.ndjson.age'));
    expect(bytes.includes('acme')).toBe(false);
    for (const identity of identities) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      expect(JSON.parse(await decrypter.decrypt(bytes, 'text'))).toMatchObject({ slug: 'acme' });
    }
    expect(
      await operator.fail('org export acme --to other --encrypt-to age1nonsense', { cwd }),
    ).toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    for (const flags of ['--format csv', `--encrypt-to ${recipients[0]}`])
      expect(await operator.fail(`org export acme --to - ${flags}`)).toMatchObject({
        code: 'VALIDATION_ERROR',
      });
    expect(readdirSync(cwd)).toEqual(['out']);
  });

  test('refuses a place that is not empty or no folder, and leaves it alone', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'file'), 'mine');
    expect(await operator.fail('org export acme --to .', { cwd })).toMatchObject({
      code: 'DIRECTORY_NOT_EMPTY',
      exit: 5,
    });
    expect(await operator.fail('org export acme --to file', { cwd })).toMatchObject({
      code: 'BAD_FILE',
      exit: 2,
    });
    expect(await operator.fail('org export acme --to file/in', { cwd })).toMatchObject({ code: 'BAD_FILE' });
    expect(await operator.fail('org export nowhere --to out', { cwd })).toMatchObject({ exit: 3 });
    expect(await operator.fail('org export acme', { cwd })).toMatchObject({ code: 'INPUT_REQUIRED' });
    expect(readdirSync(cwd)).toEqual(['file']);
  });
});

describe('danger', () => {
  test('without a terminal names the flag that approves, wants the name for severe acts, and changes nothing', async () => {
    const lines: [string, string][] = [
      ['suspend acme --reason r', '--yes'],
      ['delete acme --reason r', '--confirm acme'],
      ['delete acme --reason r --yes', '--confirm acme'],
      ['purge acme --reason r --yes', '--confirm acme'],
      ['repair acme', '--yes'],
      ['repair --all', '--yes'],
    ];
    const before = await rowsHash(database);
    for (const [line, flag] of lines)
      expect(await operator.fail(`org ${line}`)).toMatchObject({
        code: 'CONFIRMATION_REQUIRED',
        exit: 2,
        fix: [`Add ${flag}`],
      });
    expect(await rowsHash(database)).toBe(before);
  });

  test('a confirmation is the slug, letter by letter', async () => {
    const lines = ['ACME', 'acm', 'ORG-2026-00001', '""'].map(
      (name) => `org delete acme --reason r --yes --confirm=${name}`,
    );
    expect(await outcomes(lines)).toEqual(lines.map((line) => [line, 'CONFIRMATION_MISMATCH', 2]));
  });

  test('a reason is required where it is kept', async () => {
    const lines = [
      'org suspend acme --yes',
      'org restore acme',
      'org delete acme --confirm acme',
      'org purge acme --confirm acme',
      'org purge --due --confirm due',
      'org delete acme --confirm acme --reason " "',
    ];
    expect(await outcomes(lines)).toEqual(lines.map((line) => [line, 'REASON_REQUIRED', 2]));
  });

  test('--dry-run shows what would be done and changes nothing', async () => {
    const lines = [
      'create new-one --type family',
      'update acme --tier enterprise',
      'suspend acme --reason r',
      'delete acme --reason r',
      'repair acme',
    ];
    const before = await rowsHash(database);
    for (const line of lines)
      expect(await operator.ask(`org ${line} --dry-run`)).toMatchObject({
        code: 0,
        document: { dry_run: true },
      });
    expect(await rowsHash(database)).toBe(before);
  });
});

describe('twice', () => {
  test('create --if-not-exists gives the same state and 0, other values 5 with what differs', async () => {
    const line = 'org create twice --type company --if-not-exists --owner ana@acme.test';
    expect((await operator.ask(line)).document).toMatchObject({ op: 'create' });
    const before = await rowsHash(database);
    expect(await operator.ask(line)).toMatchObject({ code: 0, document: { op: 'none', audit: null } });
    expect(await rowsHash(database)).toBe(before);
    expect(await operator.fail('org create twice --type company')).toMatchObject({
      code: 'ORGANIZATION_EXISTS',
      exit: 5,
    });
    expect(await operator.fail('org create twice --type family --if-not-exists')).toMatchObject({
      code: 'ORGANIZATION_DIFFERS',
      exit: 5,
      fields: [{ path: 'type', message: 'is "company", not "family"' }],
    });
  });

  test('--debug gives a line a key of its own, tells it, and says which transactions were made', async () => {
    const { stderr } = await operator.run('org create debugged --type company --json --debug');
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.every(({ type }) => type === 'log')).toBe(true);
    expect(events.find(({ msg }) => msg === 'database')).toMatchObject({ from: 'DATABASE_URL' });
    expect(events.find(({ outcome }) => outcome === 'committed')).toMatchObject({
      msg: 'transaction',
      attempts: 1,
      statements: expect.any(Number),
    });
    const key = events.find(({ idempotency_key }) => idempotency_key !== undefined).idempotency_key;
    const again = await operator.ask(`org create debugged --type company --idempotency-key ${key}`);
    expect(again.document).toMatchObject({ op: 'create', after: { slug: 'debugged' } });
    expect(stderr).not.toContain(new URL(database.url).password);
  });

  test('an idempotency key makes a repeated line count once', async () => {
    const line = 'org create keyed --type company --idempotency-key create-keyed-1';
    const first = await operator.ask(line);
    expect((await operator.ask(line)).document).toEqual(first.document);
    expect(
      await operator.fail('org update keyed --name Other --idempotency-key create-keyed-1'),
    ).toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
      exit: 5,
    });
  });

  test('two at once make one organization', async () => {
    const results = await Promise.all(
      Array.from({ length: 3 }, () => operator.ask('org create at-once --type family --if-not-exists')),
    );
    expect(results.map(({ document }) => document.op).sort()).toEqual(['create', 'none', 'none']);
  });
});

describe('create from a file', () => {
  test('takes the values of the document, twice, and lets flags win', async () => {
    const cwd = temporaryFolder();
    writeFileSync(
      join(cwd, 'org.yaml'),
      'api_version: dartwing/v1\nkind: Org\nslug: filed\ntype: club\nname: From File\ntier: pro\nassociation:\n  membership_tiers: [{ tier_name: Adult }]\n',
    );
    const line = 'org create filed -f org.yaml --name Flag --if-not-exists';
    expect((await operator.ask(line, { cwd })).document).toMatchObject({
      op: 'create',
      after: {
        name: 'Flag',
        tier: 'pro',
        association: { association_type: 'Club', membership_tiers: [{ tier_name: 'Adult' }] },
      },
    });
    expect((await operator.ask(line, { cwd })).document).toMatchObject({ op: 'none' });
    expect(await operator.fail('org create another -f org.yaml', { cwd })).toMatchObject({
      code: 'BAD_FILE',
      exit: 2,
    });
    const templated = await operator.ask('org create north --template clinic --tier pro');
    expect(templated.document).toMatchObject({
      after: { type: 'company', tier: 'pro', mfa_required: true, session_timeout_minutes: 15, name: 'north' },
    });
    expect((await operator.run('org update north --name "North Clinic" --dry-run')).stdout).toContain(
      '(dry run: nothing was written)\n  name: "north" → "North Clinic"\n',
    );
  });
});

describe('a mistake', () => {
  const mistakes: [string, string, number][] = [
    ['org create', 'USAGE', 2],
    ['org create two words --type family', 'USAGE', 2],
    ['org create x1', 'INPUT_REQUIRED', 2],
    ['org create X1 --type family', 'SLUG_INVALID', 2],
    ['org create x1 --type school', 'ORGANIZATION_TYPE_INVALID', 2],
    ['org create x1 --type company --tier gold', 'USAGE', 2],
    ['org create x1 --type company --region mars', 'VALIDATION_ERROR', 2],
    ['org create x1 --type company --owner ana', 'EMAIL_INVALID', 2],
    ['org create x1 --type company --owner a@b.test --role Parent', 'INVALID_ROLE_FOR_ORG_TYPE', 2],
    ['org create x1 --type company --set status=inactive', 'VALIDATION_ERROR', 2],
    ['org create x1 --type company --set tax_idd=1', 'VALIDATION_ERROR', 2],
    ['org create x1 --type company --set tax_id', 'VALIDATION_ERROR', 2],
    ['org create x1 --type company --set family.family_nickname=us', 'VALIDATION_ERROR', 2],
    ['org create x1 --type club --set association_type=HOA', 'VALIDATION_ERROR', 2],
    ['org create x1 --type company -f missing.yaml', 'BAD_FILE', 2],
    ['org create x1 --type company -f bin', 'BAD_FILE', 2],
    ['org create x1 --typ company', 'USAGE', 2],
    ['org list --limit 0', 'VALIDATION_ERROR', 2],
    ['org list --limit 501', 'VALIDATION_ERROR', 2],
    ['org list --offset -1', 'VALIDATION_ERROR', 2],
    ['org list --sort nmae', 'VALIDATION_ERROR', 2],
    ['org list --state gone', 'USAGE', 2],
    ['org list --filter colour=red', 'VALIDATION_ERROR', 2],
    ['org list --filter state=gone', 'VALIDATION_ERROR', 2],
    ['org list --dry-run', 'USAGE', 2],
    ['org show acme --with secrets', 'VALIDATION_ERROR', 2],
    ['org show nowhere', 'ORGANIZATION_NOT_FOUND', 3],
    ['org show acme --field nmae', 'USAGE', 2],
    ['org update acme', 'INPUT_REQUIRED', 2],
    ['org update acme --name ""', 'VALIDATION_ERROR', 2],
    ['org update acme --set type=family', 'VALIDATION_ERROR', 2],
    ['org update acme --name x --if-version 99', 'VERSION_MOVED', 5],
    ['org update acme --name x --if-version one', 'VALIDATION_ERROR', 2],
    ['org update nowhere --name x', 'ORGANIZATION_NOT_FOUND', 3],
    ['org suspend acme --until soon --reason r --yes', 'VALIDATION_ERROR', 2],
    ['org suspend acme --until -7d --reason r --yes', 'VALIDATION_ERROR', 2],
    ['org restore acme --reason r', 'ORGANIZATION_STATE', 5],
    ['org delete acme --purge-after never --reason r --confirm acme', 'VALIDATION_ERROR', 2],
    ['org delete nowhere --reason r --confirm nowhere', 'ORGANIZATION_NOT_FOUND', 3],
    ['org purge acme --reason r --confirm acme', 'ORGANIZATION_STATE', 5],
    ['org purge --reason r', 'INPUT_REQUIRED', 2],
    ['org purge acme --due --reason r', 'INPUT_REQUIRED', 2],
    ['org verify acme --all', 'VALIDATION_ERROR', 2],
    ['org verify nowhere', 'ORGANIZATION_NOT_FOUND', 3],
    ['org repair @current --yes', 'ORGANIZATION_REQUIRED', 2],
    ['org switch', 'INPUT_REQUIRED', 2],
  ];

  test('is one error with its code and exit, and changes nothing', async () => {
    expect(await outcomes(mistakes.map(([line]) => line))).toEqual(mistakes);
  });

  test('under legal hold deleting exits 5', async () => {
    const slug = await found();
    await operator.ask(`org update ${slug} --set legal_hold=true`);
    expect(await operator.fail(`org delete ${slug} --reason r --confirm ${slug}`)).toMatchObject({
      code: 'LEGAL_HOLD',
      exit: 5,
    });
  });

  test('findings exit 6 with their fix, and repair heals them', async () => {
    const slug = await found();
    await database.admin.query('delete from company where legal_name = $1', [slug]);
    const { code, document } = await operator.ask(`org verify ${slug}`);
    expect({ code, document }).toMatchObject({
      code: 6,
      document: {
        ok: false,
        findings: [{ id: 'organization.concrete_missing', fix: `dartwing org repair ${slug}` }, {}],
      },
    });
    const grants = await operator.ask(`org repair ${slug} --fix member.without_grant --yes`);
    expect(grants.document).toMatchObject({ done: [], failed: [] });
    const mended = await operator.ask(`org repair ${slug} --yes`);
    expect(mended).toMatchObject({
      code: 8,
      document: {
        kind: 'Bulk',
        done: [{ ref: `org/${slug}`, id: 'organization.concrete_missing' }],
        failed: [{ ref: `org/${slug}`, error: { code: 'SUPERVISOR_MISSING' } }],
      },
    });
    const [{ error }] = mended.document.failed as [{ error: { fix: [string] } }];
    expect((await operator.run(error.fix[0].replace(/^dartwing /, ''))).code).toBe(0);
    expect((await operator.run(`org repair ${slug} --yes`)).stdout).toMatch(/Nothing to mend/);
    expect((await operator.ask(`org verify ${slug}`)).document).toMatchObject({ summary: { fail: 0 } });
    expect(await operator.fail(`org repair ${slug} --fix member.bored --yes`)).toMatchObject({ exit: 2 });
  });
});

describe('for people and pipes', () => {
  test('a table into a pipe is TSV without header, a count on stderr', async () => {
    const { stdout, stderr } = await operator.run('org list --filter search=clinic');
    expect(stdout).toMatch(
      /^ORG-\d{4}-\d{5}\tacme\tAcme Clinic\tcompany\tfree\tus-east-1\tactive\t\d{4}-[^\t]+Z\n$/,
    );
    expect(stderr).toBe('1 of 1 · dartwing org show <slug>\n');
  });

  test('an empty list is 0, with what to do on stderr', async () => {
    const { stdout, stderr, code } = await operator.run('org list --filter search=nothing-like-it');
    expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
    expect(stderr).toContain('dartwing org create <slug>');
  });

  test('a reader that goes away ends a stream with 0', async () => {
    const line = (words: string) =>
      runShell(`set -o pipefail; dartwing ${words} | head -1`, { env: operator.env });
    for (const words of ['org list --all -o ndjson', 'org export acme --to -', 'org list']) {
      const { stdout, code, stderr } = await line(words);
      expect({ words, code, lines: stdout.split('\n').length }).toEqual({ words, code: 0, lines: 2 });
      expect(stderr).not.toContain('EPIPE');
    }
  });

  test('what show prints may be edited and applied', async () => {
    const cwd = temporaryFolder();
    const { stdout } = await operator.run('org show acme -o yaml --with members');
    expect(parse(stdout)).toMatchObject({ kind: 'Org', slug: 'acme', members: [{ role: 'Owner' }] });
    writeFileSync(join(cwd, 'org.yaml'), stdout);
    expect((await operator.run('diff -f org.yaml', { cwd })).code).toBe(0);
    writeFileSync(join(cwd, 'org.yaml'), stdout.replace('tier: free', 'tier: pro'));
    expect((await operator.run('diff -f org.yaml', { cwd })).code).toBe(6);
    expect((await operator.run('apply -f org.yaml', { cwd })).code).toBe(0);
    expect((await operator.run('org show acme --field tier')).stdout).toBe('pro\n');
  });

  test('a name with escape codes cannot reach a terminal', async () => {
    await operator.ask('org create evil --type family --name "\u001b]0;owned\u0007\u001b[2J"');
    const { stdout } = await operator.run('org list --filter search=owned', { tty: true });
    expect(stdout).not.toContain('\u001b]0;');
    expect(stdout).not.toContain('\u001b[2J');
    expect(stdout).toContain('evil');
  });

  test('a typed yes suspends, a typed name deletes, anything else does nothing', async () => {
    const slug = await found();
    const type = (line: string, input: string, inputAfter: string) =>
      operator.run(line, { tty: true, input, inputAfter });
    const suspend = `org suspend ${slug} --reason r`;
    expect((await type(suspend, 'n\r', 'Suspend org')).code).not.toBe(0);
    expect((await operator.run(`org show ${slug} --field status.state`)).stdout).toBe('active\n');
    const remove = `org delete ${slug} --reason r`;
    expect((await type(remove, `${slug.toUpperCase()}\r`, 'to go on')).code).toBe(2);
    expect((await operator.run(`org show ${slug} --field status.state`)).stdout).toBe('active\n');
    expect((await type(remove, `${slug}\r`, 'to go on')).code).toBe(0);
    expect((await operator.run(`org show ${slug} --field status.state`)).stdout).toBe('dissolved\n');
  });
});
