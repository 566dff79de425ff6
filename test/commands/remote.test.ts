/** The same lines beside the database and through a server. */
import { beforeAll, expect, it } from 'vitest';
import { createServer } from '../../src/server/index.js';
import { openWorld } from '../server/world.js';
import { errorEvent, type RunOptions, run, temporaryFolder } from '../support/cli.js';
import { atEnd } from '../support/ending.js';
import { type Operator, operatorOf } from '../support/operator.js';
import { freePort } from '../support/port.js';

const world = openWorld();
let operator: Operator;
let through: Readonly<Record<string, string>>;

beforeAll(async () => {
  operator = operatorOf(world.database);
  const listening = await createServer(world.dartwing).listen({ port: 0 });
  atEnd(() => listening.close());
  through = { DARTWING_URL: listening.url, DARTWING_TOKEN: world.max.authorization.slice('Bearer '.length) };
  await world.dartwing.documents.create('acme', 'Task', { data: { title: 'Paint', status: 'Open' } });
});

const remote = (line: string, options: RunOptions = {}) =>
  run(line.split(' '), { ...options, env: { ...through, ...options.env } });

/** Without what moves between two runs. */
function still(text: string): string {
  return text
    .replaceAll(/"(audit|request_id|next_since|at|modified_at|sealed_at)": ?"[^"]*"/g, '"$1":"…"')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
    .replaceAll(/req_[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}/g, '…');
}

it.each([
  ['org list --json', 0],
  ['role list', 0],
  ['org update acme --name Other --dry-run --exit-code --json', 6],
  ['org show nope --json', 3],
  ['sync feed --org acme --entity Task --json', 0],
  ['org export acme --to -', 0],
] as const)('%s ends with %i on both ways, with the same words', async (line, code) => {
  const [beside, far] = await Promise.all([operator.run(line), remote(line)]);
  expect(far.code, far.stderr).toBe(code);
  expect({ ...far, stdout: still(far.stdout), stderr: still(far.stderr) }).toEqual({
    ...beside,
    stdout: still(beside.stdout),
    stderr: still(beside.stderr),
  });
});

it('says what works beside the database only, who is missing, and what was tried', async () => {
  const dead = `http://127.0.0.1:${await freePort()}`;
  const found = await Promise.all([
    remote('worker --json'),
    remote('migrate status --json'),
    remote('org list --json', { env: { DARTWING_TOKEN: '' } }),
    remote('org list --json', { env: { DARTWING_URL: dead } }),
  ]);
  expect(found.map(({ code, stderr }) => [code, errorEvent(stderr).code])).toEqual([
    [2, 'NEEDS_DATABASE'],
    [2, 'NEEDS_DATABASE'],
    [4, 'UNAUTHENTICATED'],
    [7, 'SERVER_UNREACHABLE'],
  ]);
  expect(found[3]!.stderr).toContain(`No answer from the server at ${dead}`);
  expect(found[3]!.stderr).toContain('ECONNREFUSED');
  expect(found[3]!.stderr).toContain('tried 3 times');
});

it('keeps a key in a profile, and gives it to no other server', async () => {
  const home = temporaryFolder();
  const { change, secret } = await world.dartwing.identity.apiKeys.create('acme', {
    name: 'ci',
    environment: 'production',
    permissions: ['Organization:read'],
  });
  const where = { cwd: home, env: { HOME: home, DARTWING_TOKEN: '', DARTWING_URL: '' } };
  const { writeFileSync } = await import('node:fs');
  writeFileSync(`${home}/key`, `${change.after!.id}.${secret}\n`, { mode: 0o600 });
  const added = await remote(`profile add prod --use --url-stdin --token-file ${home}/key`, {
    ...where,
    input: through.DARTWING_URL!,
  });
  expect(added.code, added.stderr).toBe(0);
  const [listed, elsewhere] = await Promise.all([
    remote('org list --field slug', where),
    remote('org list --json --url http://127.0.0.1:1', where),
  ]);
  expect([listed.stdout, listed.code]).toEqual(['acme\n', 0]);
  expect(errorEvent(elsewhere.stderr)).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(added.stdout + listed.stderr + elsewhere.stderr).not.toContain(secret);
});
