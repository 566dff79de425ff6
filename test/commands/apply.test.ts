import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type AnswerDocument, type Operator, operatorOf, rowsHash } from '../support/operator.js';

let database: TestDatabase;
let operator: Operator;

beforeAll(async () => {
  database = await createTestDatabase();
  operator = operatorOf(database);
});

let made = 0;
let slug: string;
let cwd: string;

beforeEach(() => {
  slug = `app-${++made}`;
  cwd = temporaryFolder();
});

const people = { ana: 'Owner', bo: 'Employee' };

/** A document with some members, by name. */
function text(more: Record<string, unknown> = {}, members: Record<string, string> = people): string {
  const list = Object.entries(members).map(([name, role]) => ({ email: `${name}@apply.test`, role }));
  return JSON.stringify({
    api_version: 'dartwing/v1',
    kind: 'Org',
    slug,
    type: 'company',
    members: list,
    ...more,
  });
}

const write = (name: string, content: string) => writeFileSync(join(cwd, name), content);
const ask = (line: string) => operator.ask(line, { cwd });
const fail = (line: string) => operator.fail(line, { cwd });
const changesOf = (document: AnswerDocument) =>
  (document.changes as { op: string; ref: string; audit: string | null }[]).map(({ op, ref, audit }) => [
    op,
    ref,
    audit !== null,
  ]);

describe('apply', () => {
  test('makes what the document says, tells each change with its entry, and finds nothing the second time', async () => {
    write('org.json', text());
    const { document, code } = await ask('apply -f org.json --reason "PR 42"');
    expect({ code, document }).toMatchObject({
      code: 0,
      document: {
        kind: 'Plan',
        applied: true,
        failed: [],
        summary: { create: 3, update: 0, delete: 0, none: 0 },
      },
    });
    expect(changesOf(document)).toEqual([
      ['create', `org/${slug}`, true],
      ['create', `member/${slug}/ana@apply.test`, true],
      ['create', `member/${slug}/bo@apply.test`, true],
    ]);
    const before = await rowsHash(database);
    const again = await ask('apply -f org.json');
    expect(again).toMatchObject({ code: 0, document: { changes: [], summary: { none: 3 } } });
    expect(await rowsHash(database)).toBe(before);
    expect((await ask(`audit query --org ${slug} --action create`)).document).toMatchObject({
      items: [{ reason: 'PR 42', via: 'cli' }],
    });
  });

  test('reads stdin, folders and several files', async () => {
    mkdirSync(join(cwd, 'tenants'));
    write('tenants/a.yaml', text({ slug: `${slug}-a` }));
    write('tenants/b.json', text({ slug: `${slug}-b` }));
    write('tenants/readme.md', 'not a document');
    write('c.yml', text({ slug: `${slug}-c` }));
    const { document } = await operator.ask('apply -f tenants -f c.yml -f -', {
      cwd,
      input: text({ slug: `${slug}-d` }),
    });
    expect(document).toMatchObject({ summary: { create: 12 }, failed: [] });
  });

  test('goes on beside another that applies the same file', async () => {
    write('org.json', text());
    const results = await Promise.all([
      ask('apply -f org.json'),
      ask('apply -f org.json'),
      ask('apply -f org.json'),
    ]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(results.flatMap(({ document }) => changesOf(document))).toHaveLength(3);
    expect((await ask('diff -f org.json')).code).toBe(0);
  });

  test('tells what failed beside what was done, exit 8', async () => {
    const officers = [{ person: 'nobody@apply.test', title: 'CEO' }];
    write('org.json', text());
    write('bad.json', text({ slug: `${slug}-bad`, company: { officers } }));
    const { document, code } = await ask('apply -f org.json -f bad.json');
    expect({ code, document }).toMatchObject({
      code: 8,
      document: { failed: [{ ref: `org/${slug}-bad`, error: { code: 'PERSON_NOT_FOUND', exit: 3 } }] },
    });
    expect((await ask(`org show ${slug}`)).code).toBe(0);
    expect(await fail('apply -f bad.json')).toMatchObject({ code: 'PERSON_NOT_FOUND', exit: 3 });
  });

  test('removes members only with --prune and its confirmation', async () => {
    write('org.json', text());
    await ask('apply -f org.json');
    write('org.json', text({}, { ana: 'Owner' }));
    expect((await ask('apply -f org.json')).document).toMatchObject({ summary: { none: 2, delete: 0 } });
    const before = await rowsHash(database);
    for (const flags of ['', ' --yes'])
      expect(await fail(`apply -f org.json --prune${flags}`)).toMatchObject({
        code: 'CONFIRMATION_REQUIRED',
        fix: ['Add --confirm prune'],
      });
    expect(await fail('apply -f org.json --prune --confirm yes')).toMatchObject({
      code: 'CONFIRMATION_MISMATCH',
    });
    expect(await rowsHash(database)).toBe(before);
    const { document } = await ask('apply -f org.json --prune --confirm prune');
    expect(changesOf(document)).toEqual([['delete', `member/${slug}/bo@apply.test`, true]]);
  });
});

describe('plans', () => {
  test('--dry-run and diff write nothing; 6 tells that something would change', async () => {
    write('org.json', text());
    const before = await rowsHash(database);
    expect(await ask('apply -f org.json --dry-run')).toMatchObject({
      code: 0,
      document: { kind: 'Plan', dry_run: true },
    });
    expect((await ask('apply -f org.json --dry-run --exit-code')).code).toBe(6);
    expect(await ask('diff -f org.json')).toMatchObject({ code: 6, document: { kind: 'Plan' } });
    expect(await rowsHash(database)).toBe(before);
  });

  test('a plan file is carried out exactly, once', async () => {
    write('org.json', text());
    expect((await ask('apply -f org.json --plan-out plan.json')).code).toBe(0);
    expect(await fail(`org show ${slug}`)).toMatchObject({ exit: 3 });
    expect((await ask('apply plan.json')).document).toMatchObject({ failed: [] });
    expect(await fail('apply plan.json')).toMatchObject({ code: 'PLAN_STALE', exit: 5 });
  });

  test('a plan file is stale after somebody changed what it saw, and refused after somebody changed it', async () => {
    write('org.json', text());
    await ask('apply -f org.json');
    write('org.json', text({ name: 'Planned' }, { ana: 'Owner' }));
    await ask('apply -f org.json --prune --plan-out plan.json');
    const plan = JSON.parse(readFileSync(join(cwd, 'plan.json'), 'utf8')) as {
      actions: { danger: string }[];
    };
    for (const action of plan.actions) action.danger = 'none';
    write('forged.json', JSON.stringify(plan));
    await ask(`org update ${slug} --tier pro`);
    const before = await rowsHash(database);
    expect(await fail('apply plan.json --confirm prune')).toMatchObject({
      code: 'PLAN_STALE',
      exit: 5,
      why: expect.stringContaining(`org/${slug}`),
    });
    expect(await fail('apply forged.json')).toMatchObject({
      code: 'PLAN_STALE',
      why: expect.stringContaining('the plan itself'),
    });
    expect(await rowsHash(database)).toBe(before);
  });

  test('a person sees signs, changes and a count', async () => {
    write('org.json', text());
    await ask('apply -f org.json');
    write('org.json', text({ tier: 'pro' }, { ana: 'Owner', bo: 'Manager', cy: 'Contractor' }));
    const { stdout, code } = await operator.run('diff -f org.json', { cwd });
    expect(code).toBe(6);
    expect(stdout).toBe(
      [
        `~ org/${slug}`,
        '    tier: free → pro',
        `= member/${slug}/ana@apply.test`,
        `~ member/${slug}/bo@apply.test`,
        '    role: Employee → Manager',
        `+ member/${slug}/cy@apply.test`,
        '    role: Contractor',
        '1 to create, 2 to update, 0 to delete, 1 unchanged',
        '',
      ].join('\n'),
    );
  });
});

describe('a mistake', () => {
  test('in a file is told with its place, in words and in fields', async () => {
    const yaml = `api_version: dartwing/v1\nkind: Org\nslug: ${slug}\ntype: company\nmembers:\n  - { email: ana@apply.test, role: Ownr }\nteir: pro\n`;
    write('org.yaml', yaml.replace('teir: pro\n', ''));
    expect(await fail('apply -f org.yaml')).toMatchObject({
      code: 'APPLY_INVALID',
      exit: 2,
      fields: [{ file: 'org.yaml', line: 6, column: 30, path: 'members[0].role' }],
    });
    write('org.yaml', yaml);
    const { stdout, stderr, code } = await operator.run('diff -f org.yaml', { cwd });
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain('org.yaml:7:1  teir  is not a key here, did you mean tier?');
  });

  test('is one error, and changes nothing', async () => {
    write('org.json', text());
    write('list.json', '[]');
    write('text.txt', 'hello');
    write('huge.yaml', `# ${'x'.repeat(1_048_577)}`);
    write('bad.yaml', 'a: [');
    mkdirSync(join(cwd, 'empty'));
    const lines: [string, string, number][] = [
      ['apply', 'INPUT_REQUIRED', 2],
      ['diff', 'INPUT_REQUIRED', 2],
      ['apply -f missing.yaml', 'BAD_FILE', 2],
      ['apply -f empty', 'BAD_FILE', 2],
      ['apply -f huge.yaml', 'BAD_FILE', 2],
      ['apply -f bad.yaml', 'APPLY_INVALID', 2],
      ['apply -f text.txt', 'APPLY_INVALID', 2],
      ['apply -f -', 'BAD_FILE', 2],
      ['apply missing.json', 'BAD_FILE', 2],
      ['apply list.json', 'BAD_FILE', 2],
      ['apply org.json', 'BAD_FILE', 2],
      ['apply text.txt', 'BAD_FILE', 2],
      ['apply org.json -f org.json', 'VALIDATION_ERROR', 2],
      ['apply -f org.json --plan-out no/such/folder/plan.json', 'BAD_FILE', 2],
      ['diff -f org.json --dry-run', 'USAGE', 2],
    ];
    const before = await rowsHash(database);
    const ended: typeof lines = [];
    for (const [line] of lines) {
      const { code, exit } = await fail(line);
      ended.push([line, code, exit]);
    }
    expect(ended).toEqual(lines);
    expect(await rowsHash(database)).toBe(before);
  });
});

test('rows that somebody else holds end in a time-out that says so, not in a hang', async () => {
  write('org.json', text());
  await ask('apply -f org.json');
  await database.admin.query('begin');
  onTestFinished(async () => {
    await database.admin.query('rollback');
  });
  await database.admin.query('select from organization where slug = $1 for update', [slug]);
  const env = { DARTWING_LOCK_TIMEOUT: '500ms' };
  expect(await operator.fail(`org update ${slug} --tier pro`, { env })).toMatchObject({
    code: 'DATABASE_TIMEOUT',
    exit: 7,
  });
});
