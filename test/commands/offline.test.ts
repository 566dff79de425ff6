/** No network but the one asked for (the contract's §15 and §21): the same lines where there is none. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { program, run, temporaryFolder } from '../support/cli.js';

/** A network namespace of its own has no route and, before `lo` is up, not even itself. Root alone may make one. */
const canLeaveNetwork = spawnSync('unshare', ['-n', 'true']).status === 0;

function withoutNetwork(line: string, cwd: string, before = 'true') {
  const command = `${before} && exec ${process.execPath} ${program} ${line}`;
  return spawnSync('unshare', ['-n', 'sh', '-c', command], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', HOME: cwd, LANG: 'C.UTF-8', TZ: 'UTC' },
    timeout: 60_000,
  });
}

test.skipIf(!canLeaveNetwork)('says the same with and without a network', async () => {
  for (const line of [
    'version --json',
    'help --json',
    'explain --list --json',
    'schema Org',
    'schema openapi',
  ]) {
    const { stdout, stderr, status } = withoutNetwork(line, tmpdir());
    expect({ line, stderr, status }).toEqual({ line, stderr: '', status: 0 });
    expect(stdout).toBe((await run(line.split(' '))).stdout);
  }
});

test.skipIf(!canLeaveNetwork || spawnSync('ip', ['-V']).status !== 0)(
  'makes an organization in a database of its own with loopback alone',
  { timeout: 90_000 },
  () => {
    const cwd = temporaryFolder();
    chmodSync(cwd, 0o755);
    const made = withoutNetwork('org create acme --type company --json', cwd, 'ip link set lo up');
    expect({ stderr: made.stderr.includes('"type":"error"'), status: made.status }).toEqual({
      stderr: false,
      status: 0,
    });
    expect(JSON.parse(made.stdout)).toMatchObject({ kind: 'Change', op: 'create', after: { slug: 'acme' } });
  },
);
