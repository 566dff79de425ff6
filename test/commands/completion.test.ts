import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLifetime } from '../../src/commands/lifetime.js';
import { installed, type RunOptions, run, runShell, temporaryFolder } from '../support/cli.js';
import { openTestDartwing } from '../support/database.js';
import { masterKey } from '../support/server.js';

async function candidates(...words: readonly string[]): Promise<string[]> {
  return candidatesIn({}, ...words);
}

async function candidatesIn(options: RunOptions, ...words: readonly string[]): Promise<string[]> {
  const { stdout, stderr, code } = await run(['__complete', '--', ...words], options);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0]!);
}

test('completes nouns, verbs, flags, choices and names', async () => {
  expect(await candidates('conf')).toEqual(['conflict', 'config']);
  expect(await candidates('config', 's')).toEqual(['show', 'set']);
  expect(await candidates('config', 'show', '--ori')).toEqual(['--origin']);
  expect(await candidates('config', 'show', '-o', 'j')).toEqual(['json']);
  expect(await candidates('--output', 'y')).toEqual([]);
  expect(await candidates('explain', 'PLAN')).toEqual(['PLAN_STALE']);
  expect(await candidates('completion', '')).toEqual(['bash', 'zsh', 'fish', 'powershell']);
  expect(await candidates('help', 'exit')).toEqual(['exit-codes']);
  expect(await candidates('config', 'get', 'pool')).toEqual(['pool_max']);
  expect(await candidates('up', '--template', 'cl')).toEqual(['clinic', 'club']);
});

test('completes the value of --flag=value, as one word and as the three that bash makes of it', async () => {
  expect(await candidates('config', 'show', '--output=j')).toEqual(['--output=json']);
  expect(await candidates('config', 'show', '--output', '=', 'j')).toEqual(['json']);
  expect(await candidates('config', 'show', '--time', '=')).toEqual(['relative', 'iso', 'local']);
});

test('completes fields of what a verb prints', async () => {
  expect(await candidates('version', '--field', 'p')).toEqual(['platform']);
  expect(await candidates('org', 'list', '--columns', 'slug,status.st')).toEqual(['slug,status.state']);
});

test('never shows what is hidden', async () => {
  expect(await candidates('')).not.toContain('__complete');
});

test('says nothing about a line that makes no sense, or holds a secret', async () => {
  expect(await candidates('nonsense', 'x')).toEqual([]);
  expect(await candidates('config', 'show', '--url', 'postgres://a:b@c/', '')).toEqual([]);
});

describe('names of a database', async () => {
  const { database, dartwing } = await openTestDartwing();
  const { after } = await dartwing.tenancy.create({ slug: 'acme', type: 'company', name: 'Acme Clinic' });
  const id = after!.id;
  await dartwing.tenancy.create({ slug: 'alps', type: 'family' });

  function typing(env: Readonly<Record<string, string>> = {}): { env: Record<string, string>; cwd: string } {
    const folder = temporaryFolder();
    const known = {
      DATABASE_URL: database.url,
      DARTWING_MASTER_KEY: masterKey,
      DARTWING_COMPLETION_TIMEOUT: '15s',
    };
    return { cwd: folder, env: { ...known, HOME: folder, ...env } };
  }

  test('organizations and roles are offered, and kept for a minute where only their user reads', async () => {
    const where = typing();
    expect(await candidatesIn(where, 'org', 'show', '')).toEqual(['acme', 'alps']);
    const folder = join(where.cwd, '.cache/dartwing');
    const [file] = readdirSync(folder);
    expect(statSync(join(folder, file!)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, file!), 'utf8')).toContain('Acme Clinic');
    await dartwing.tenancy.create({ slug: 'later', type: 'family' });
    expect(await candidatesIn(where, 'member', 'list', '--org', '')).toEqual(['acme', 'alps']);
    expect(await candidatesIn(where, 'org', 'show', id.slice(0, 5))).toContain(id);
    expect(await candidatesIn(where, 'role', 'show', 'Board')).toEqual(['Board Member']);
  });

  test('the look leaves an entry in the trail of the installation, as every other does', async () => {
    const count = async () => {
      const text = "select from audit_stage where convert_from(body, 'UTF8') like '%system.access%'";
      return (await database.admin.query(text)).rowCount ?? 0;
    };
    const before = await count();
    await candidatesIn(typing(), 'org', 'show', '');
    expect(await count()).toBeGreaterThan(before);
  });

  test('the line says which database is meant; one that is not there has no names', async () => {
    const where = typing();
    const words = ['--url', 'postgres://127.0.0.1:1/none', 'org', 'show', ''];
    expect(await candidatesIn(where, ...words)).toEqual([]);
    expect(await candidatesIn(where, 'org', 'show', '--env-file', 'missing.env', '')).toEqual([]);
  });

  test('a broken configuration is met with silence', async () => {
    expect(await candidatesIn(typing({ DARTWING_PORT: 'x' }), 'org', 'show', '')).toEqual([]);
    expect(await candidatesIn(typing({ DARTWING_OUTPUT: 'x' }), 'org', 'show', '')).toEqual([]);
  });

  test('without a database nothing is started and nothing is made', async () => {
    const cwd = temporaryFolder();
    expect(await candidatesIn({ cwd, env: { HOME: cwd } }, 'org', 'show', '')).toEqual([]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('whoever types does not wait for a database that never answers', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const url = `postgres://nobody@127.0.0.1:${port}/none`;
    const where = typing({ DATABASE_URL: url, DARTWING_COMPLETION_TIMEOUT: '50ms' });
    expect(await candidatesIn(where, 'org', 'show', '')).toEqual([]);
  });

  test('a command that ends at once closes nothing', async () => {
    const lifetime = createLifetime(process);
    lifetime.defer(() => expect.unreachable('it was closed'));
    lifetime.endAtOnce();
    expect(await lifetime.close()).toBe('abandoned');
  });

  test('bash gets names as it must write them', async () => {
    const { stdout, stderr } = await runShell(
      `source <(dartwing completion bash)
      COMP_WORDS=(dartwing role show Board); COMP_CWORD=3
      _dartwing; printf '%s|' "\${COMPREPLY[@]}"`,
      typing(),
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'Board\\ Member|', stderr: '' });
  });
});

describe('scripts', () => {
  test.each(['bash', 'zsh', 'fish', 'powershell'])(
    '%s calls the hidden verb and touches no file',
    async (shell) => {
      const { stdout, code } = await run(['completion', shell]);
      expect(code).toBe(0);
      expect(stdout).toContain('__complete');
      expect(stdout).not.toMatch(/rc\b|>>/);
    },
  );

  test('the bash script works in bash', async () => {
    const { stdout, stderr } = await runShell(`
      source <(dartwing completion bash)
      COMP_WORDS=(dartwing config s); COMP_CWORD=2
      _dartwing; printf '%s ' "\${COMPREPLY[@]}"`);
    expect({ stdout, stderr }).toEqual({ stdout: 'show set ', stderr: '' });
  });

  // Say aloud what this machine cannot show: a skipped test carries the reason in its name.
  test.skipIf(!installed('fish'))('the fish script works in fish, where fish is installed', async () => {
    const { stdout, stderr } = await runShell(
      `fish --no-config -c 'dartwing completion fish | source; complete -C "dartwing explain PLAN_S"'`,
    );
    expect({ stdout: stdout.split('\t')[0], stderr }).toEqual({ stdout: 'PLAN_STALE', stderr: '' });
  });

  test.skipIf(!installed('zsh'))('the zsh script works in zsh, where zsh is installed', async () => {
    const driver = join(temporaryFolder(), 'driver.zsh');
    writeFileSync(
      driver,
      [
        'zmodload zsh/zpty',
        'zpty -b shell zsh -f -i',
        `zpty -w shell 'autoload -Uz compinit; compinit -u -D; source <(dartwing completion zsh); echo rea""dy'`,
        "zpty -r shell said '*ready*'",
        "zpty -w -n shell $'dartwing explain PLAN_S\\t\\n'",
        "zpty -r shell said '*Exit*'",
        'print -r -- "$said"',
        'zpty -d shell',
      ].join('\n'),
    );
    const { stdout } = await runShell(`timeout 25 zsh -f ${driver}`);
    expect(stdout).toContain('PLAN_STALE');
  });

  test('another shell is an error', async () => {
    expect((await run(['completion', 'tcsh'])).code).toBe(2);
  });
});
