import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run, temporaryFolder } from '../support/cli.js';

const marker = 'canary-8f3a1c';
const url = `postgres://ana:${marker}@db.invalid/dartwing`;

describe('on the command line a secret is refused and not repeated', () => {
  test.each([
    ['config', 'show', '--url', url],
    ['config', 'show', `--url=${url}`],
    ['profile', 'add', 'prod', url],
    ['config', 'show', '--token', marker],
    ['config', 'show', `--password=${marker}`],
    ['config', 'set', 'master_key', Buffer.alloc(32).toString('base64')],
    ['profile', 'add', 'prod', `https://db.invalid/?password=${marker}`],
    ['explain', 'sk_live_4eC39HqLyjWDarjtT1zdp7dc'],
    ['explain', 'ghp_0123456789abcdefghijABCDEFGHIJ'],
  ])('%s %s %s', async (...words) => {
    const { stdout, stderr, code } = await run(words, { cwd: temporaryFolder() });
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain('SECRET_ON_ARGV');
    expect(stderr).not.toContain(marker);
    expect(stderr).not.toContain('4eC39HqLyjWDarjtT1zdp7dc');
  });

  test('an address without password is welcome', async () => {
    expect((await run(['config', 'show', '--url', 'postgres://ana@db.invalid/dartwing'])).code).toBe(0);
  });
});

describe('a secret given in a proper way never comes out', () => {
  const lines: readonly (readonly string[])[] = [
    ['config', 'show', '--origin', '--debug'],
    ['config', 'show', '-o', 'json'],
    ['config', 'get', 'url'],
    ['config', 'validate', '--debug'],
    ['profile', 'list', '-o', 'yaml'],
    ['profile', 'show', 'prod'],
    ['version', '--debug'],
  ];

  test.each(lines.map((words) => ({ line: words.join(' '), words })))('$line', async ({ words }) => {
    const home = temporaryFolder();
    const keyFile = join(home, 'key');
    writeFileSync(keyFile, Buffer.alloc(32, marker).toString('base64'));
    writeProfile(home, `profiles:\n  prod:\n    url: ${url}\n    paswd: ${marker}\n`);
    const env = { HOME: home, DARTWING_URL: url, DARTWING_MASTER_KEY_FILE: keyFile };
    const { stdout, stderr } = await run(words, { cwd: home, env });
    expect(stdout + stderr).not.toContain(marker);
    expect(stdout + stderr).not.toContain(Buffer.alloc(32, marker).toString('base64'));
  });

  test('nor when it is wrong', async () => {
    const { stdout, stderr, code } = await run(['config', 'show', '--debug'], {
      cwd: temporaryFolder(),
      env: { DARTWING_URL: `mysql://ana:${marker}@db.invalid`, DARTWING_MASTER_KEY: marker },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('DARTWING_URL');
    expect(stdout + stderr).not.toContain(marker);
  });

  test('nor from stdin', async () => {
    const home = temporaryFolder();
    const added = await run(['profile', 'add', 'prod', '--url-stdin'], {
      cwd: home,
      env: { HOME: home },
      input: url,
    });
    expect(added.code).toBe(0);
    const refused = await run(['profile', 'add', 'old', '--url-stdin', '--debug'], {
      cwd: home,
      env: { HOME: home },
      input: `mysql://${marker}`,
    });
    expect(refused.code).toBe(2);
    for (const { stdout, stderr } of [added, refused]) expect(stdout + stderr).not.toContain(marker);
  });

  test('nor in the title of the process', async () => {
    const { stdout } = await run(['config', 'get', 'port', '--env-file', 'env'], {
      cwd: folderWith('env', `DARTWING_URL=${url}\n`),
      node: ['-e', 'process.on("exit",()=>process.stdout.write(process.title))', '--'],
    });
    expect(stdout).not.toContain(marker);
  });
});

function folderWith(name: string, text: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, name), text);
  return folder;
}

function writeProfile(home: string, text: string): void {
  const folder = join(home, '.config/dartwing');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.yaml'), text);
  chmodSync(join(folder, 'config.yaml'), 0o600);
}
