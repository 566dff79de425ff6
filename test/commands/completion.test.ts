import { describe, expect, test } from 'vitest';
import { run, runShell } from '../support/cli.js';

async function candidates(...words: readonly string[]): Promise<string[]> {
  const { stdout, stderr, code } = await run(['__complete', '--', ...words]);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0]!);
}

test('completes nouns, verbs, flags, choices and names', async () => {
  expect(await candidates('conf')).toEqual(['config']);
  expect(await candidates('config', 's')).toEqual(['show', 'set']);
  expect(await candidates('config', 'show', '--ori')).toEqual(['--origin']);
  expect(await candidates('config', 'show', '-o', 'j')).toEqual(['json']);
  expect(await candidates('--output', 'y')).toEqual([]);
  expect(await candidates('explain', 'PLAN')).toEqual(['PLAN_STALE']);
  expect(await candidates('completion', '')).toEqual(['bash', 'zsh', 'fish', 'powershell']);
  expect(await candidates('help', 'exit')).toEqual(['exit-codes']);
});

test('never shows what is hidden', async () => {
  expect(await candidates('')).not.toContain('__complete');
});

test('says nothing about a line that makes no sense, or holds a secret', async () => {
  expect(await candidates('nonsense', 'x')).toEqual([]);
  expect(await candidates('config', 'show', '--url', 'postgres://a:b@c/', '')).toEqual([]);
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

  test('another shell is an error', async () => {
    expect((await run(['completion', 'tcsh'])).code).toBe(2);
  });
});
